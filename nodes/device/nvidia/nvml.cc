#include "nodes/device/nvidia/nvml.h"

#include <dlfcn.h>

#include "nodes/device/nvidia/cuda_driver.h"

namespace flowtrain {
namespace {

// As in nvml.h.
constexpr int kNvmlSuccess = 0, kNvmlTemperatureGpu = 0;
using NvmlDevice = void*;
struct NvmlUtilization {
  unsigned gpu, memory;  // percent
};
struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlMemory2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
constexpr unsigned kNvmlMemory2 = sizeof(NvmlMemory2) | (2U << 24U);

}  // namespace

template <typename Function>
Function Nvml::Find(const char* name) const {
  return reinterpret_cast<Function>(dlsym(library_, name));
}

std::unique_ptr<Nvml> Nvml::Open(const std::string& bus_id) {
  if (bus_id.empty()) return nullptr;
  void* library = OpenDriverLibrary("libnvidia-ml.so.1");
  if (library == nullptr) return nullptr;
  std::unique_ptr<Nvml> nvml(new Nvml);
  nvml->library_ = library;
  const auto init = nvml->Find<int (*)()>("nvmlInit_v2");
  if (init == nullptr || init() != kNvmlSuccess) {
    nvml->library_ = nullptr;  // there is nothing to shut down
    return nullptr;
  }
  const auto find =
      nvml->Find<int (*)(const char*, NvmlDevice*)>("nvmlDeviceGetHandleByPciBusId_v2");
  if (find == nullptr || find(bus_id.c_str(), &nvml->gpu_) != kNvmlSuccess) return nullptr;
  return nvml;
}

Nvml::~Nvml() {
  if (library_ == nullptr) return;
  if (const auto shutdown = Find<int (*)()>("nvmlShutdown")) shutdown();
}

// nvidia-smi does not count what the driver itself keeps as used; drivers before 510 cannot tell.
std::optional<Nvml::Memory> Nvml::ReadMemory() const {
  NvmlMemory2 second{kNvmlMemory2, 0, 0, 0, 0};
  const auto read_second = Find<int (*)(NvmlDevice, NvmlMemory2*)>("nvmlDeviceGetMemoryInfo_v2");
  if (read_second != nullptr && read_second(gpu_, &second) == kNvmlSuccess) {
    return Memory{second.total, second.free, second.used};
  }
  NvmlMemory first{};
  const auto read_first = Find<int (*)(NvmlDevice, NvmlMemory*)>("nvmlDeviceGetMemoryInfo");
  if (read_first != nullptr && read_first(gpu_, &first) == kNvmlSuccess) {
    return Memory{first.total, first.free, first.used};
  }
  return std::nullopt;
}

GpuStatus Nvml::Read() const {
  GpuStatus status;
  NvmlUtilization utilization{};
  const auto read_utilization =
      Find<int (*)(NvmlDevice, NvmlUtilization*)>("nvmlDeviceGetUtilizationRates");
  if (read_utilization != nullptr && read_utilization(gpu_, &utilization) == kNvmlSuccess) {
    status.utilization = utilization.gpu / 100.0;
  }
  if (const std::optional<Memory> memory = ReadMemory()) status.used_bytes = memory->used_bytes;
  unsigned celsius = 0, milliwatts = 0;
  const auto read_temperature =
      Find<int (*)(NvmlDevice, int, unsigned*)>("nvmlDeviceGetTemperature");
  if (read_temperature != nullptr &&
      read_temperature(gpu_, kNvmlTemperatureGpu, &celsius) == kNvmlSuccess) {
    status.temperature_c = celsius;
  }
  const auto read_power = Find<int (*)(NvmlDevice, unsigned*)>("nvmlDeviceGetPowerUsage");
  if (read_power != nullptr && read_power(gpu_, &milliwatts) == kNvmlSuccess) {
    status.power_w = milliwatts / 1000.0;
  }
  return status;
}

}  // namespace flowtrain
