#include "nodes/device/out_of_memory.h"

#include <c10/util/Exception.h>

#include <string_view>

namespace flowtrain {

bool IsOutOfMemory(const std::exception& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const auto* of_libtorch = dynamic_cast<const c10::Error*>(&error);
  if (of_libtorch == nullptr) return false;
  const std::string_view text = of_libtorch->what_without_backtrace();
  for (const std::string_view sign :
       {"CUDA error: out of memory", "CUDA driver error: out of memory", "HIP error: out of memory",
        "STATUS_ALLOC_FAILED",       // of cuBLAS, cuDNN before version 9, hipBLAS
        "DEVICE_ALLOCATION_FAILED",  // of cuDNN 9
        "miopenStatusAllocFailed", "OUT_OF_DEVICE_MEMORY",  // of AMD's and Intel's libraries
        "unable to find an engine to execute this computation"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace flowtrain
