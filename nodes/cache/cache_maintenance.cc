#include "nodes/cache/cache_maintenance.h"

#include <array>
#include <cstdio>

#include "pipeline/log.h"
#include "pipeline/registry.h"

namespace flowtrain {

void CacheMaintenance::Declare(NodeSpec& spec) {
  spec.Doc(
          "Empties the device allocator's cache after the last step of every N-th epoch; nothing "
          "on a CPU.")
      .Input("steps", Stream::kStep)
      .Output("kept", Stream::kStep)
      .OnLane()
      .Uses("device", "Device")
      .Option(&CacheMaintenance::every_epochs_, "every_epochs", 5,
              "Epochs between emptyings; 0: never.", AtLeast{0});
}

void CacheMaintenance::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
}

void CacheMaintenance::Process(Step& step) {
  if (every_epochs_ == 0 || !step.last_of_epoch || !device_->is_cuda()) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) != 0) return;
  const size_t given_back = device_->EmptyCache();
  constexpr double kMebibyte = 1024.0 * 1024.0;
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "cache emptied: %.0f MiB given back, %.0f MiB held",
                static_cast<double>(given_back) / kMebibyte,
                static_cast<double>(device_->ReservedBytes()) / kMebibyte);
  LogInfo(text.data());
}

FLOWTRAIN_REGISTER_NODE(CacheMaintenance);

}  // namespace flowtrain
