// What a GPU says of itself. Torch-free: the report and the timing show it.
#pragma once

#include <cstddef>
#include <optional>

namespace flowtrain {

// The figures that nvidia-smi shows; empty where the GPU or its driver does not tell. They are
// those of the whole GPU: other programs' use counts too.
struct GpuStatus {
  std::optional<double> utilization;  // share of the last second or less in which it computed
  std::optional<size_t> used_bytes;   // of its memory
  std::optional<double> temperature_c, power_w;

  bool empty() const { return !utilization && !used_bytes && !temperature_c && !power_w; }
};

}  // namespace flowtrain
