// NVIDIA's management library, which nvidia-smi asks too. Opened at run time, without its headers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "nodes/run/gpu_status.h"

namespace flowtrain {

// One GPU. Thread-safe.
class Nvml {
 public:
  // The GPU at a PCI address, "0000:01:00.0" (CudaBusId); null if there is no library, or none of
  // its GPUs has it.
  static std::unique_ptr<Nvml> Open(const std::string& bus_id);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  struct Memory {
    size_t total_bytes = 0, free_bytes = 0, used_bytes = 0;
  };
  std::optional<Memory> ReadMemory() const;
  GpuStatus Read() const;

 private:
  Nvml() = default;

  template <typename Function>
  Function Find(const char* name) const;

  void* library_ = nullptr;
  void* gpu_ = nullptr;
};

}  // namespace flowtrain
