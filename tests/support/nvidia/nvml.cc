// libnvidia-ml.so.1
#include <cstdint>

#include "tests/support/nvidia/settings.h"

namespace {

using namespace flowtrain::nvidia;

constexpr int kNotSupported = 3, kNotFound = 6, kUninitialized = 1, kVersionMismatch = 25;
int users = 0;

// A handle is the GPU's number in the library's own order, from 1.
int CudaIndex(const void* gpu) {
  return Gpus() - static_cast<int>(reinterpret_cast<std::intptr_t>(gpu));
}

bool Refuses() { return Setting("not_supported", 0) != 0; }

struct Memory {
  unsigned long long total, free, used;
};
struct Memory2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};

unsigned long long FreeOf(const void* gpu) {
  return Bytes("free", 10) -
         static_cast<unsigned long long>(CudaIndex(gpu)) * ((1ULL << 30U) / 100);
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  ++users;
  return 0;
}

int nvmlShutdown() { return users-- > 0 ? 0 : kUninitialized; }

int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** gpu) {
  if (users <= 0) return kUninitialized;
  for (int index = 0; index < Gpus(); ++index) {
    const std::string address = "0000:0" + std::to_string(index) + ":00.0";
    if (address != bus_id) continue;
    *gpu = reinterpret_cast<void*>(static_cast<std::intptr_t>(Gpus() - index));
    return 0;
  }
  return kNotFound;
}

int nvmlDeviceGetMemoryInfo_v2(void* gpu, Memory2* memory) {
  if (Setting("old", 0) != 0) return kNotSupported;
  if (memory->version != (sizeof(Memory2) | (2U << 24U))) return kVersionMismatch;
  memory->total = Bytes("total", 12);
  memory->free = FreeOf(gpu);
  memory->used = Bytes("used", 1.75);
  memory->reserved = memory->total - memory->free - memory->used;
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* gpu, Memory* memory) {
  *memory = {Bytes("total", 12), FreeOf(gpu), Bytes("total", 12) - FreeOf(gpu)};
  return 0;
}

int nvmlDeviceGetUtilizationRates(void* gpu, unsigned* rates) {
  if (Refuses()) return kNotSupported;
  rates[0] = 97 + static_cast<unsigned>(CudaIndex(gpu));
  rates[1] = 40;
  return 0;
}

int nvmlDeviceGetTemperature(void* gpu, int sensor, unsigned* celsius) {
  if (Refuses() || sensor != 0) return kNotSupported;
  *celsius = 71 + static_cast<unsigned>(CudaIndex(gpu));
  return 0;
}

int nvmlDeviceGetPowerUsage(void* gpu, unsigned* milliwatts) {
  if (Refuses()) return kNotSupported;
  *milliwatts = 165500 + 1000 * static_cast<unsigned>(CudaIndex(gpu));
  return 0;
}

}  // extern "C"
