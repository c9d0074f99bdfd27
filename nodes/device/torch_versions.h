// libtorch, and what it brings along.
#pragma once

#include <string>

namespace flowtrain {

std::string TorchVersion();  // "2.11.0"
// Of the GPU's libraries, CUDA and cuDNN, a line each; empty where no GPU is in use.
std::string GpuVersions();

}  // namespace flowtrain
