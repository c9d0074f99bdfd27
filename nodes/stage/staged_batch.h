// A batch on the device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <optional>

#include "pipeline/packet.h"

namespace flowtrain {

// The payload that the stage node hangs on a batch.
struct StagedBatch : Payload {
  // uint8 [2B, H, W, 3]: rows 0 to B-1 the first views. On a CPU a view of the batch's buffer.
  at::Tensor images;
  // GPU: when the copy is done; the buffer may not go home before.
  std::optional<c10::Event> copied;
};

}  // namespace flowtrain
