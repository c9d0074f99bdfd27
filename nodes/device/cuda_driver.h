// Calls to the NVIDIA driver itself, without CUDA headers.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// Opens libtorch_cuda.so, once per process, if an NVIDIA driver is present: one binary serves
// machines with and without a GPU. Returns false without a driver or when the library cannot be
// opened; `why` then says which.
bool LoadCudaLibrary(std::string* why);

// Lets libtorch's allocator take no more than this share of each GPU's memory; beyond it, it throws
// c10::OutOfMemoryError. Call it before LoadCudaLibrary: the allocator reads the limit when it
// starts.
void LimitCudaMemory(double fraction);

// The memory of GPU `index` in bytes; 0 if the driver cannot say.
size_t CudaTotalBytes(int index);

// The driver's name for GPU `index` ("NVIDIA GeForce RTX 3060"); empty if it cannot say.
std::string CudaDeviceName(int index);

}  // namespace flowtrain
