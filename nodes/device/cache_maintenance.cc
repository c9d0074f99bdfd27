#include "nodes/device/cache_maintenance.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void CacheMaintenance::Declare(NodeSpec& spec) {
  spec.Doc(
          "Empties the device allocator's cache after the last step of every N-th epoch, on a GPU; "
          "frees decoded images that were evicted after every epoch.")
      .Input("steps", Stream::kStep)
      .Output("kept", Stream::kStep)
      .OnLane()
      .Uses("device", "Device")
      .MayUse("cache", "DecodedCache")
      .Option(&CacheMaintenance::every_epochs_, "every_epochs", 5,
              "Epochs between two times that the device allocator's cache is emptied; 0: never.",
              AtLeast{0});
}

void CacheMaintenance::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
  decoded_ = context.TryGet<DecodedCache>("cache");
  if (decoded_ != nullptr && !decoded_->enabled()) decoded_ = nullptr;
}

void CacheMaintenance::Process(Step& step) {
  if (!step.last_of_epoch) return;
  if (decoded_ != nullptr) TendDecodedCache();
  if (every_epochs_ == 0 || !device_->is_accelerator()) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) == 0) EmptyDeviceCache();
}

void CacheMaintenance::EmptyDeviceCache() {
  const size_t given_back = device_->EmptyCache();
  constexpr double kMebibyte = 1024.0 * 1024.0;
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "cache emptied: %.0f MiB released, %.0f MiB kept",
                static_cast<double>(given_back) / kMebibyte,
                static_cast<double>(device_->ReservedBytes()) / kMebibyte);
  LogInfo(text.data());
}

void CacheMaintenance::TendDecodedCache() {
  decoded_->FreeEvicted();
  const CacheCounters counters = decoded_->counters();
  const uint64_t hits = counters.hits - hits_before_, misses = counters.misses - misses_before_;
  hits_before_ = counters.hits;
  misses_before_ = counters.misses;
  const uint64_t looked_up = std::max<uint64_t>(1, hits + misses);
  LogInfo("decoded images: " + ShowCount(counters.kept) + " of " + ShowCount(counters.images) +
          " kept in " + ShowGib(counters.held_bytes) + " of " + ShowGib(counters.budget_bytes) +
          ", hit rate " + ShowPercent(static_cast<double>(hits) / static_cast<double>(looked_up)));
}

FLOWTRAIN_REGISTER(CacheMaintenance);

}  // namespace flowtrain
