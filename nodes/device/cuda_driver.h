// Calls to the NVIDIA driver itself, without CUDA headers.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// The driver's library, opened; null if there is none.
void* OpenCudaDriver();

// Lets libtorch's allocator take no more than this share of each GPU's memory; beyond it, it throws
// c10::OutOfMemoryError. Call it before LoadVendorLibrary: the allocator reads the limit when it
// starts.
void LimitCudaMemory(double fraction);

// The memory of GPU `index` in bytes; 0 if the driver cannot say.
size_t CudaTotalBytes(int index);

// The driver's name for GPU `index` ("NVIDIA GeForce RTX 3060"); empty if it cannot say.
std::string CudaDeviceName(int index);

}  // namespace flowtrain
