// What is asked of the NVIDIA driver itself, without CUDA headers.
#pragma once

#include <string>

namespace flowtrain {

// Opens libtorch_cuda.so, once a process, where an NVIDIA driver is present: one binary serves
// machines with and without a GPU. False without a driver or when the library cannot be opened;
// `why` then says which.
bool LoadCudaLibrary(std::string* why);

// The driver's name of GPU `index` ("NVIDIA GeForce RTX 3060"); empty when it cannot say.
std::string CudaDeviceName(int index);

}  // namespace flowtrain
