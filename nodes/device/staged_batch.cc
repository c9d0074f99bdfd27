#include "nodes/device/staged_batch.h"

#include <ATen/DeviceAccelerator.h>

namespace flowtrain {

at::Tensor TakeImages(Batch& batch, c10::Device device) {
  const auto& staged = static_cast<const StagedBatch&>(*batch.payload);
  at::Tensor images = staged.images;
  if (staged.copied) {
    const c10::Stream compute = at::accelerator::getCurrentStream(device.index());
    staged.copied->block(compute);
    // Made on the copy stream and read on this one: its memory must outlive the work queued here.
    images.record_stream(compute);
    // The buffer goes home next. The copy was queued one batch ago, so it has long been done.
    staged.copied->synchronize();
  } else {
    images = images.to(device);
  }
  batch.payload.reset();
  return images;
}

}  // namespace flowtrain
