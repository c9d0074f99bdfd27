#include "nodes/device/pinned_stage.h"

#include <ATen/Functions.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <exception>
#include <utility>

#include "nodes/device/host_memory.h"
#include "nodes/device/out_of_memory.h"
#include "pipeline/base/buffer_memory.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void PinnedStage::Declare(NodeSpec& spec) {
  spec.Doc(
          "Gathers augmented samples into batches and copies them to the device, ahead of the "
          "computation.")
      .Input("rows", Stream::kSample)
      .Output("batches", Stream::kBatch)
      .Uses("device", "Device")
      .Option(&PinnedStage::batch_size_, "batch_size", 128, "Images per batch.", AtLeast{1})
      .Option(&PinnedStage::image_size_, "image_size", 96, "Side of a view, pixels.", AtLeast{1})
      .Option(&PinnedStage::views_, "views", 2, "Views per image.", AtLeast{1})
      .Option(&PinnedStage::pin_memory_, "pin_memory", true,
              "Page-locked buffers on a GPU: their copies overlap the computation.");
}

BatchLayout PinnedStage::Layout() const {
  const auto side = static_cast<size_t>(image_size_);
  return {batch_size_, views_, side * side * 3};
}

void PinnedStage::Open(const OpenContext& context) { device_ = &context.Get<Device>("device"); }

std::shared_ptr<uint8_t> PinnedStage::Allocate(size_t bytes) {
  if (!device_->is_accelerator() || !pin_memory_) return AllocateHostMemory(bytes);
  const c10::DeviceGuard on_device(device_->device());  // else device 0 would have to start too
  const at::Tensor memory = PinnedTensor({static_cast<int64_t>(bytes)}, at::kByte);
  if (!memory.is_pinned()) {
    if (std::exchange(pin_memory_, false)) {
      LogWarning(
          "no more memory can be page-locked: batches are copied to the device from ordinary "
          "memory, which takes longer; fewer batch buffers (pools.batches) need less of it");
    }
    return AllocateHostMemory(bytes);
  }
  auto* data = memory.data_ptr<uint8_t>();
  pinned_[data] = memory;
  return {data, [memory](uint8_t*) {}};
}

void PinnedStage::Start() {
  if (!device_->is_accelerator()) return;
  const c10::impl::VirtualGuardImpl guard(device_->device().type());
  copies_ = guard.getStreamFromGlobalPool(device_->device());
}

void PinnedStage::Process(Batch& batch) {
  auto staged = std::make_unique<StagedBatch>();
  staged->images = HostView(batch);
  if (copies_) TryCopy(*staged);
  batch.payload = std::move(staged);
}

// If the device has no room, the images stay where they are: the node that computes can make room.
void PinnedStage::TryCopy(StagedBatch& staged) const {
  const c10::StreamGuard on_copies(*copies_);
  try {
    staged.images = staged.images.to(device_->device(), at::kByte, /*non_blocking=*/true);
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
    return;
  }
  staged.copied.emplace(device_->device().type());
  staged.copied->record(*copies_);
}

void PinnedStage::Close() noexcept { pinned_.clear(); }

at::Tensor PinnedStage::HostView(const Batch& batch) const {
  const int64_t rows = int64_t{batch.layout.views} * batch.layout.rows, side = image_size_;
  const auto pinned = pinned_.find(batch.buffer);
  if (pinned != pinned_.end()) return pinned->second.view({rows, side, side, 3});
  return at::from_blob(batch.buffer, {rows, side, side, 3}, at::TensorOptions().dtype(at::kByte));
}

FLOWTRAIN_REGISTER(PinnedStage);

}  // namespace flowtrain
