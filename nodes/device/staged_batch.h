// A batch on the device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <optional>

#include "pipeline/node/packet.h"

namespace flowtrain {

// The payload that the stage node hangs on a batch.
struct StagedBatch : Payload {
  // uint8 [views x B, H, W, 3]: rows 0 to B-1 the first views. A view of the batch's buffer on a
  // CPU, and where a GPU had no room for it.
  at::Tensor images;
  // Of a copy on a GPU: when it is done; the buffer may not go home before.
  std::optional<c10::Event> copied;
};

// Takes the images off a batch for work on the current stream of `device`: what is queued there
// from now on sees them. On a GPU the batch's buffer may go home; on a CPU it is what they are a
// view of. May throw c10::OutOfMemoryError where they are not on the device yet, and can then be
// called again.
at::Tensor TakeImages(Batch& batch, c10::Device device);

}  // namespace flowtrain
