// libcuda.so.1
#include <cstdio>
#include <cstring>

#include "tests/support/nvidia/settings.h"

namespace {

using namespace flowtrain::nvidia;

constexpr int kInvalidDevice = 101, kNoDevice = 100;

}  // namespace

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(Setting("version", 13000));
  return 0;
}

int cuInit(unsigned) {
  const int error = static_cast<int>(Setting("error", 0));
  return error != 0 ? error : Gpus() == 0 ? kNoDevice : 0;
}

int cuGetErrorName(int error, const char** name) {
  *name = error == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : "CUDA_ERROR_UNKNOWN";
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = Gpus();
  return 0;
}

int cuDeviceGet(int* device, int index) {
  if (index < 0 || index >= Gpus()) return kInvalidDevice;
  *device = index;
  return 0;
}

int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = Bytes("total", 12);
  return 0;
}

int cuDeviceGetName(char* name, int size, int) {
  std::snprintf(name, static_cast<size_t>(size), "NVIDIA GeForce RTX 3060");
  return 0;
}

int cuDeviceGetPCIBusId(char* bus_id, int size, int device) {
  std::snprintf(bus_id, static_cast<size_t>(size), "0000:0%d:00.0", device);
  return 0;
}

}  // extern "C"
