#include "nodes/device/nvidia/nvidia_gpu.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

namespace flowtrain {
namespace {

constexpr char kWslDevice[] = "/dev/dxg";

// "13.0"
std::string CudaVersionText(int version) {
  return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

// The first driver of a major version of CUDA; empty if it is not known here.
std::string FirstDriverOf(int major) {
  switch (major) {
    case 11:
      return "450";
    case 12:
      return "525";
    case 13:
      return "580";
    default:
      return "";
  }
}

std::string NoDriverLibrary(const std::string& device_file) {
  if (device_file == kWslDevice) {
    return "Windows offers its GPU (/dev/dxg), but the NVIDIA driver's libcuda.so.1 is not in "
           "/usr/lib/wsl/lib: install the driver in Windows, not in WSL2, then run `wsl "
           "--shutdown` there";
  }
  return "there is an NVIDIA GPU (" + device_file +
         "), but its driver's library libcuda.so.1 was not found: start a container with --gpus "
         "all (NVIDIA Container Toolkit); elsewhere install the driver's compute libraries";
}

std::string DriverError(const CudaDriverState& driver) {
  constexpr int kDriverMismatch = 803;
  const std::string name = driver.error_name.empty() ? "cuInit" : driver.error_name;
  const std::string what =
      "the NVIDIA driver does not start: " + name + " (" + std::to_string(driver.error) + "). ";
  if (driver.error == kDriverMismatch) {
    return what +
           "Its library and its kernel module are of different versions, as after an "
           "update: restart the machine";
  }
  return what +
         "See whether nvidia-smi works; if not, restart the machine or install the driver "
         "again";
}

}  // namespace

bool IsWslKernel(const std::string& release) {
  return release.find("microsoft") != std::string::npos ||
         release.find("Microsoft") != std::string::npos;
}

bool IsWsl() {
  utsname name{};
  return uname(&name) == 0 && IsWslKernel(name.release);
}

NvidiaSigns ReadNvidiaSigns() {
  NvidiaSigns signs;
  for (const char* file : {"/dev/nvidiactl", "/dev/nvidia0", kWslDevice}) {
    if (signs.device_file.empty() && access(file, F_OK) == 0) signs.device_file = file;
  }
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) signs.visible_devices = visible;
  signs.driver = ReadCudaDriver();
  return signs;
}

GpuTrouble TroubleOf(const NvidiaSigns& signs) {
  const CudaDriverState& driver = signs.driver;
  const bool device = !signs.device_file.empty();
  if (!driver.opened) {
    if (!device) return {"no NVIDIA driver (libcuda.so.1 was not found)", true};
    return {NoDriverLibrary(signs.device_file), false};
  }
  if (driver.error != 0 && driver.error != kCudaNoDevice) return {DriverError(driver), false};
  if (driver.gpus > 0) return {};
  if (signs.visible_devices) {
    return {"CUDA_VISIBLE_DEVICES='" + *signs.visible_devices +
                "' hides every GPU from this program: unset it, or name one that is there",
            !device};
  }
  return {"the NVIDIA driver shows no GPU; see what nvidia-smi lists", !device};
}

std::string CudaLibraryTrouble(const std::string& folder, bool has_library,
                               const std::string& error) {
  if (!has_library) {
    return "libtorch in " + folder +
           " is built for the CPU alone: pip install torch==2.11.0 has one for GPUs; name its "
           "folder in FLOWTRAIN_TORCH, or unset FLOWTRAIN_TORCH, and start tools/flowtrain, which "
           "then takes or fetches the right one";
  }
  return "libtorch's library for GPUs cannot be opened (" + error +
         "): start tools/flowtrain, which fetches the CUDA libraries that were not needed on a "
         "machine without a GPU";
}

std::string DriverAgeTrouble(int driver, int libtorch) {
  const int major = libtorch / 1000;
  if (driver / 1000 >= major) return {};
  const std::string first = FirstDriverOf(major);
  return "the NVIDIA driver is too old: it serves CUDA up to " + CudaVersionText(driver) +
         ", and this libtorch is built for CUDA " + CudaVersionText(libtorch) +
         (first.empty() ? "" : ", which needs driver " + first + " or newer") +
         ". Install a newer driver, or a torch 2.11 for an older CUDA and name its folder in "
         "FLOWTRAIN_TORCH";
}

}  // namespace flowtrain
