// Whether an NVIDIA GPU is there, and why it cannot be used.
#pragma once

#include <optional>
#include <string>

#include "nodes/device/nvidia/cuda_driver.h"

namespace flowtrain {

// Linux under Windows, WSL2: there the driver is Windows'.
bool IsWsl();
bool IsWslKernel(const std::string& release);  // as `uname -r` prints it

// What can be seen of a GPU without libtorch.
struct NvidiaSigns {
  std::string device_file;                     // "/dev/nvidia0", or "/dev/dxg" of WSL2; empty: none
  std::optional<std::string> visible_devices;  // CUDA_VISIBLE_DEVICES
  CudaDriverState driver;
};
NvidiaSigns ReadNvidiaSigns();

struct GpuTrouble {
  std::string why;       // no GPU can be used, and what to do; empty: nothing speaks against it
  bool expected = true;  // there is none, or it is hidden on purpose: no reason to warn
};
GpuTrouble TroubleOf(const NvidiaSigns& signs);

// The same of libtorch's library for it, which could not be opened. `folder`: where libtorch is;
// `has_library`: the library is there; `error`: dlopen's.
std::string CudaLibraryTrouble(const std::string& folder, bool has_library,
                               const std::string& error);

// Of a driver for CUDA `driver` below the CUDA `libtorch` that libtorch was built with (13000 is
// 13.0); empty if the driver serves it. A driver serves all versions of its major version.
std::string DriverAgeTrouble(int driver, int libtorch);

}  // namespace flowtrain
