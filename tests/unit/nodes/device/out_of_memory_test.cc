#include "nodes/device/out_of_memory.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace flowtrain {
namespace {

bool Is(const std::string& text) {
  try {
    TORCH_CHECK(false, text);
  } catch (const std::exception& error) {
    return IsOutOfMemory(error);
  }
}

// As libtorch's libraries and the vendors' say it.
TEST(OutOfMemoryGuises, AreAllKnown) {
  for (const char* text :
       {"CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA driver error: out of memory", "HIP error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`",
        "miopenStatusAllocFailed", "UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY",
        "GET was unable to find an engine to execute this computation",
        "FIND was unable to find an engine to execute this computation"}) {
    EXPECT_TRUE(Is(text)) << text;
  }
}

TEST(OutOfMemoryGuises, OfOtherErrorsThereAreNone) {
  for (const char* text :
       {"CUDA error: unspecified launch failure", "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "CUDA error: device-side assert triggered", "CUDA error: an illegal memory access"}) {
    EXPECT_FALSE(Is(text)) << text;
  }
  EXPECT_FALSE(IsOutOfMemory(std::runtime_error("CUDA error: out of memory")));  // not libtorch's
}

}  // namespace
}  // namespace flowtrain
