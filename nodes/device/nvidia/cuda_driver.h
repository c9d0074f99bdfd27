// Calls to the NVIDIA driver itself, without CUDA headers.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// A library of the driver's, opened; null if there is none.
void* OpenDriverLibrary(const char* name);

struct CudaDriverState {
  bool opened = false;  // libcuda.so.1 was found
  int error = 0;        // that it starts with; 0: none
  std::string error_name;
  int version = 0;  // the newest CUDA that it serves: 13000 is 13.0
  int gpus = 0;     // that this process may use
};
CudaDriverState ReadCudaDriver();

inline constexpr int kCudaNoDevice = 100;  // the error of a driver that has no GPU to show

// Lets libtorch's allocator take no more than this share of each GPU's memory; beyond it, it throws
// c10::OutOfMemoryError. Call it before LoadVendorLibrary: the allocator reads the limit when it
// starts.
void LimitCudaMemory(double fraction);

// The memory of GPU `index` in bytes; 0 if the driver cannot say.
size_t CudaTotalBytes(int index);

// The driver's name for GPU `index` ("NVIDIA GeForce RTX 3060"); empty if it cannot say.
std::string CudaDeviceName(int index);

// The PCI address of GPU `index` ("0000:01:00.0"), which is the same for every program, as the
// index is not (CUDA_VISIBLE_DEVICES); empty if the driver cannot say.
std::string CudaBusId(int index);

}  // namespace flowtrain
