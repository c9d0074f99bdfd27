// The part of libtorch that drives NVIDIA's GPUs.
#pragma once

#include <string>

namespace flowtrain {

struct CudaLibrary {
  bool loaded = false;
  std::string why;            // it was not, and what to do
  bool gpu_is_there = false;  // so that going without it needs saying
};

// Opens it, where the driver can serve it.
CudaLibrary LoadCudaLibrary();

// Of CUDA and cuDNN, a line each; empty where no GPU is in use.
std::string CudaVersions();

}  // namespace flowtrain
