// A batch on the device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <optional>

#include "pipeline/packet.h"

namespace flowtrain {

// The payload that the stage node hangs on a batch.
struct StagedBatch : Payload {
  // uint8 [2B, H, W, 3]: rows 0 to B-1 the first views. A view of the batch's buffer on a CPU, and
  // where a GPU had no room for it.
  at::Tensor images;
  // Of a copy on a GPU: when it is done; the buffer may not go home before.
  std::optional<c10::Event> copied;
};

}  // namespace flowtrain
