// A batch on the device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <optional>

#include "pipeline/node/packet.h"

namespace flowtrain {

// The payload that the stage node attaches to a batch.
struct StagedBatch : Payload {
  // uint8 [views x B, H, W, 3]: rows 0 to B-1 are the first views. A view of the batch's buffer on
  // a CPU, and where a GPU had no room for a copy.
  at::Tensor images;
  // When the copy to a GPU is done; the buffer may not go home before.
  std::optional<c10::Event> copied;
};

// The images of a batch for work on the current stream of `device`: work queued there from now on
// sees them. On a CPU they are a view of the batch's buffer. May run out of memory (IsOutOfMemory)
// if they are not on the device yet, and can then be called again.
at::Tensor TakeImages(const Batch& batch, c10::Device device);

// Call it when the work is queued, and before the batch goes home: waits until the device has read
// the batch's buffer.
void ReleaseBuffer(Batch& batch);

}  // namespace flowtrain
