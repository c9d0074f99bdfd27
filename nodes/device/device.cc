#include "nodes/device/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "nodes/device/choose_device.h"
#include "nodes/device/memory_limit.h"
#include "nodes/device/nvidia/cuda_driver.h"
#include "nodes/device/nvidia/cuda_memory.h"
#include "nodes/device/nvidia/nvidia_gpu.h"
#include "nodes/device/nvidia/nvml.h"
#include "nodes/device/warm_up.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/node/form.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// A CPU with BF16 instructions computes convolutions about twice as fast in BF16 as in FP32; a CPU
// without them emulates them and is slower.
bool CpuComputesInBf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

bool MayBeCuda(const std::string& name) { return name == "auto" || name.rfind("cuda", 0) == 0; }

int IndexIn(const std::string& name) {
  return name.rfind("cuda:", 0) == 0 ? std::atoi(name.c_str() + 5) : 0;
}

RoomAtStart CudaRoomAtStart(int index) {
  const CudaMemory& memory = CudaMemoryAtStart(index);
  return {memory.total_bytes, memory.free_bytes, memory.used_bytes, IsWsl()};
}

// The PCI address of an accelerator, by which its driver's own tools know it; empty: not known. The
// library of one that libtorch has no code for may say it: no GPU's does, the one for tests does.
std::string PciAddress(const c10::Device& device) {
  if (device.is_cuda()) return CudaBusId(device.index());
  const auto address_of =
      reinterpret_cast<const char* (*)(int)>(dlsym(RTLD_DEFAULT, "flowtrain_pci_address"));
  return address_of == nullptr ? "" : address_of(device.index());
}

// Whatever a GPU has, or whether there is one.
std::string CheckMemoryLimit(const std::string& limit) {
  constexpr size_t kAnyTotal = size_t{1} << 40;
  try {
    MemoryFraction(limit, kAnyTotal);
    return {};
  } catch (const ConfigError&) {
    return '\'' + limit +
           "' is not allowed; it takes a fraction (0.5), a share (50%) or an amount (12 GiB)";
  }
}

c10::CachingDeviceAllocator::DeviceStats Stats(const c10::Device& device) {
  return at::getDeviceAllocator(device.type())->getDeviceStats(device.index());
}

constexpr size_t kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);

}  // namespace

const char* ToString(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "FP32";
    case Precision::kFp16:
      return "FP16";
    case Precision::kBf16:
      return "BF16";
  }
  return "?";
}

void Device::Declare(NodeSpec& spec) {
  spec.Doc("The device that the model runs on: a CPU, or one GPU.")
      .Option(&Device::name_, "name", std::string("auto"),
              "auto (a GPU where there is one), cpu, cuda, cuda:N, or another accelerator that "
              "libtorch knows, such as xpu:N.",
              Form{CheckDeviceName, kDeviceNames})
      .Option(&Device::threads_, "threads", 0,
              "Threads that compute the model on a CPU; 0: all cores.", AtLeast{0})
      .Option(&Device::memory_limit_, "memory_limit", std::string(),
              "Limit on the GPU's memory: a fraction (0.5) or an amount (12 GiB); empty: all of "
              "it, or what "
              "is free at the start less a reserve, under WSL2 and beside other programs.",
              Form{CheckMemoryLimit, "a fraction, a share or an amount"})
      .Option(&Device::mixed_precision_, "mixed_precision", true,
              "FP16 on a GPU, BF16 on a CPU that has the instructions; else FP32.")
      .Option(&Device::cudnn_benchmark_, "cudnn_benchmark", true,
              "Lets cuDNN time its algorithms for the shapes it meets.");
}

void Device::Open(const OpenContext& context) {
  LimitMemory(context.NameOf("memory_limit"));
  device_ = ChooseDevice(name_, process_);
  if (!device_.is_cuda()) memory_fraction_ = 1;
  if (is_accelerator() && !device_.is_cuda() && !memory_limit_.empty()) {
    throw ConfigError(context.NameOf("memory_limit") + " limits a CUDA device's memory only, not " +
                      device_.str() + "'s: leave it empty");
  }
  lane_threads_ = threads_ > 0 ? threads_ : share_ > 0 ? share_ : ReadCpuLimits().usable;
  if (mixed_precision_) {
    if (is_accelerator()) {
      precision_ = Precision::kFp16;
    } else if (CpuComputesInBf16()) {
      precision_ = Precision::kBf16;
    }
  }
  at::globalContext().setBenchmarkCuDNN(cudnn_benchmark());
  if (!is_accelerator()) return;
  StartAccelerator();
  const std::shared_ptr<Nvml> nvml = Nvml::Open(PciAddress(device_));
  if (nvml != nullptr) {
    monitor_ = std::make_unique<GpuMonitor>([nvml] { return nvml->Read(); });
  }
}

// Before ChooseDevice, which starts the allocator.
void Device::LimitMemory(const std::string& limit_name) {
  constexpr size_t kAnyTotal = size_t{1} << 40;  // to find faults in a limit without a GPU
  const RoomAtStart room = MayBeCuda(name_) ? CudaRoomAtStart(IndexIn(name_)) : RoomAtStart{};
  const size_t total = room.total_bytes;
  double fraction = MemoryFraction(memory_limit_, total == 0 ? kAnyTotal : total, limit_name);
  if (total == 0) return;
  room_bytes_ = room.Free();
  if (memory_limit_.empty()) {
    const std::optional<size_t> bytes = DefaultMemoryLimit(room);
    if (bytes) fraction = static_cast<double>(*bytes) / static_cast<double>(total);
  }
  memory_fraction_ = fraction;
  if (fraction < 1) LimitCudaMemory(fraction);
}

// Counting the devices does not create the allocator, which everything else queries.
void Device::StartAccelerator() const {
  try {
    const c10::DeviceGuard on_it(device_);  // what begins here must not begin on device 0
    at::globalContext().lazyInitDevice(device_.type());
    // A process may run several graphs one after the other: memory and peak are those of this one.
    if (ReservedBytes() > 0) at::getDeviceAllocator(device_.type())->emptyCache();
    ResetPeak();
  } catch (const c10::Error& error) {
    throw UnusableDevice(device_.str(),
                         std::string(error.what_without_backtrace()) +
                             ". If another program uses it, end that one, or set device "
                             "to cpu");
  }
}

// ATen gives each calling thread its own OpenMP team; a worker needs none.
void Device::OnWorkerThread() { at::set_num_threads(1); }

void Device::OnLaneThread() {
  at::set_num_threads(is_accelerator() ? 1 : lane_threads_);
  if (!is_accelerator()) return;
  at::accelerator::setDeviceIndex(device_.index());
  if (std::exchange(warmed_up_, true)) return;  // called again whenever a worker has joined
  WarmUp(device_, compute_type());
}

c10::ScalarType Device::compute_type() const {
  switch (precision_) {
    case Precision::kFp16:
      return c10::kHalf;
    case Precision::kBf16:
      return c10::kBFloat16;
    case Precision::kFp32:
      break;
  }
  return c10::kFloat;
}

std::string Device::Name() const {
  if (!is_accelerator()) {
    return ProcessorName() + ", " + std::to_string(lane_threads_) +
           (lane_threads_ == 1 ? " core" : " cores");
  }
  const std::string name = device_.is_cuda() ? CudaDeviceName(device_.index()) : "";
  return name.empty()
             ? c10::DeviceTypeName(device_.type()) + " device " + std::to_string(device_.index())
             : name;
}

size_t Device::TotalBytes() const {
  if (!is_accelerator()) return 0;
  return at::getDeviceAllocator(device_.type())->getMemoryInfo(device_.index()).second;
}

size_t Device::ReservedBytes() const {
  return is_accelerator() ? static_cast<size_t>(Stats(device_).reserved_bytes[kAll].current) : 0;
}

size_t Device::AllocatedBytes() const {
  return is_accelerator() ? static_cast<size_t>(Stats(device_).allocated_bytes[kAll].current) : 0;
}

size_t Device::PeakBytes() const {
  return is_accelerator() ? static_cast<size_t>(Stats(device_).reserved_bytes[kAll].peak) : 0;
}

void Device::ResetPeak() const {
  if (is_accelerator()) at::getDeviceAllocator(device_.type())->resetPeakStats(device_.index());
}

size_t Device::RoomBytes() const {
  return device_.is_cuda() && room_bytes_ > 0 ? room_bytes_ : TotalBytes();
}

GpuStatus Device::Status() const { return monitor_ == nullptr ? GpuStatus{} : monitor_->Latest(); }

void Device::Synchronize() const {
  if (is_accelerator()) at::accelerator::synchronizeDevice(device_.index());
}

void Device::Adopt(torch::nn::Module& network) const {
  const c10::NoGradGuard no_grad;
  network.to(device_);
  for (at::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

size_t Device::EmptyCache() {
  if (!is_accelerator()) return 0;
  const size_t before = ReservedBytes();
  at::getDeviceAllocator(device_.type())->emptyCache();
  const size_t after = ReservedBytes();
  return before > after ? before - after : 0;
}

FLOWTRAIN_REGISTER(Device);

}  // namespace flowtrain
