#include "nodes/device/free_memory.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/Allocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>

#include "pipeline/base/memory_budget.h"

namespace flowtrain {
namespace {

constexpr auto kWatcher = c10::DebugInfoKind::PROFILER_STATE;  // whom allocators report to

uint64_t Difference(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

// What this thread's tensors on the CPU take from now on, less what they give back.
class HostUse final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device device) override {
    if (device.is_cpu()) bytes_ += bytes;
  }
  bool memoryProfilingEnabled() const override { return true; }
  uint64_t bytes() const { return static_cast<uint64_t>(std::max<int64_t>(0, bytes_)); }

 private:
  int64_t bytes_ = 0;
};

}  // namespace

uint64_t FreeBytes(const Device& device) {
  if (!device.is_accelerator()) return AvailableMemory();
  const auto index = device.device().index();
  const auto [free, total] = at::getDeviceAllocator(device.device().type())->getMemoryInfo(index);
  const auto limit = static_cast<uint64_t>(device.memory_fraction() * static_cast<double>(total));
  const uint64_t reserved = device.ReservedBytes();
  return std::min<uint64_t>(free, Difference(limit, reserved)) +
         Difference(reserved, device.AllocatedBytes());
}

std::optional<uint64_t> BytesKept(const Device& device, const std::function<at::Tensor()>& make) {
  if (device.is_accelerator()) {
    const uint64_t before = device.AllocatedBytes();
    const at::Tensor made = make();
    return Difference(device.AllocatedBytes(), before);
  }
  if (c10::ThreadLocalDebugInfo::get(kWatcher) != nullptr) return std::nullopt;
  const auto use = std::make_shared<HostUse>();
  const c10::DebugInfoGuard guard(kWatcher, use);
  const at::Tensor made = make();
  return use->bytes();
}

}  // namespace flowtrain
