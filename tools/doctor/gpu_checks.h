// The GPU, its driver, and libtorch's view of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/doctor/finding.h"

namespace flowtrain {

// What is known of the device that a run would take.
struct GpuFacts {
  std::string wanted;     // the parameter `device`
  std::string trouble;    // why no GPU can be used; empty: one can
  bool is_there = false;  // a GPU is there all the same
  std::string name;       // "NVIDIA GeForce RTX 3060"
  int driver = 0;         // the newest CUDA that the driver serves: 13000 is 13.0; 0: none
  int64_t cudnn = 0;      // 91002 is 9.10.2; 0: none
  std::optional<size_t> free_bytes, total_bytes;
};
GpuFacts ReadGpuFacts(const std::string& device);

Findings CheckGpu(const GpuFacts& facts);

}  // namespace flowtrain
