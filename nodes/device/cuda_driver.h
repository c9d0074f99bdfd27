// What is asked of the NVIDIA driver itself, without CUDA headers.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// Opens libtorch_cuda.so, once a process, where an NVIDIA driver is present: one binary serves
// machines with and without a GPU. False without a driver or when the library cannot be opened;
// `why` then says which.
bool LoadCudaLibrary(std::string* why);

// Lets libtorch's allocator take no more than this share of each GPU's memory; above it there is
// c10::OutOfMemoryError. To be called before LoadCudaLibrary: the allocator reads it when it
// begins.
void LimitCudaMemory(double fraction);

// The memory of GPU `index`, bytes; 0 when the driver cannot say.
size_t CudaTotalBytes(int index);

// The driver's name of GPU `index` ("NVIDIA GeForce RTX 3060"); empty when it cannot say.
std::string CudaDeviceName(int index);

}  // namespace flowtrain
