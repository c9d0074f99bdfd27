#include "nodes/device/free_memory.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/Allocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <new>
#include <string_view>

#include "pipeline/base/memory_budget.h"

namespace flowtrain {
namespace {

constexpr auto kWatcher = c10::DebugInfoKind::PROFILER_STATE;  // whom allocators report to

uint64_t Difference(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

uint64_t AllocatedBytes(const Device& device) {
  constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto stats =
      at::getDeviceAllocator(device.device().type())->getDeviceStats(device.device().index());
  return static_cast<uint64_t>(stats.allocated_bytes[kAll].current);
}

// Bytes that the process may still map.
uint64_t AddressesLeft() {
  rlimit limit{};
  uint64_t pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      !(std::ifstream("/proc/self/statm") >> pages)) {
    return std::numeric_limits<uint64_t>::max();
  }
  return Difference(limit.rlim_cur, pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

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
  if (!device.is_accelerator()) return std::min(AvailableMemory(), AddressesLeft());
  const auto index = device.device().index();
  const auto [free, total] = at::getDeviceAllocator(device.device().type())->getMemoryInfo(index);
  const auto limit = static_cast<uint64_t>(device.memory_fraction() * static_cast<double>(total));
  const uint64_t reserved = device.ReservedBytes();
  return std::min<uint64_t>(free, Difference(limit, reserved)) +
         Difference(reserved, AllocatedBytes(device));
}

std::optional<uint64_t> BytesKept(const Device& device, const std::function<at::Tensor()>& make) {
  if (device.is_accelerator()) {
    const uint64_t before = AllocatedBytes(device);
    const at::Tensor made = make();
    return Difference(AllocatedBytes(device), before);
  }
  if (c10::ThreadLocalDebugInfo::get(kWatcher) != nullptr) return std::nullopt;
  const auto use = std::make_shared<HostUse>();
  const c10::DebugInfoGuard guard(kWatcher, use);
  const at::Tensor made = make();
  return use->bytes();
}

bool IsOutOfHostMemory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string_view text = error.what();
  for (const std::string_view sign : {"DefaultCPUAllocator: ", "could not create a primitive"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace flowtrain
