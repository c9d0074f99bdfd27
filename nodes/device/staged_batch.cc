#include "nodes/device/staged_batch.h"

#include <ATen/DeviceAccelerator.h>

#include "nodes/device/event_wait.h"

namespace flowtrain {

at::Tensor TakeImages(const Batch& batch, c10::Device device) {
  const auto& staged = static_cast<const StagedBatch&>(*batch.payload);
  if (!staged.copied) return staged.images.to(device);
  const c10::Stream compute = at::accelerator::getCurrentStream(device.index());
  staged.copied->block(compute);
  // Made on the copy stream and read on this one: its memory must outlive the work queued here.
  staged.images.record_stream(compute);
  return staged.images;
}

void ReleaseBuffer(Batch& batch) {
  const auto& staged = static_cast<const StagedBatch&>(*batch.payload);
  if (staged.copied) WaitFor(*staged.copied);
  batch.payload.reset();
}

}  // namespace flowtrain
