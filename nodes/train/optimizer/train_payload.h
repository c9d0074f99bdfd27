// What the training nodes attach to a step for each other.
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/run/step_record.h"

namespace flowtrain {

struct TrainPayload : StepPayload {
  at::Tensor loss;  // device scalar: mean over the window's micro-batches
  // Images of a whole window, the effective batch: the last window of an epoch may have fewer.
  int whole_window = 0;
  bool last_window = false;  // the ranks have agreed to stop after it
};

}  // namespace flowtrain
