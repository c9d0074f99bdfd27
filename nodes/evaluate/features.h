// The frozen backbone's features of a set of images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nodes/source/image_set.h"
#include "nodes/train/simclr_model.h"

namespace flowtrain {

struct Features {
  at::Tensor features;      // float [N, D] on the device
  at::Tensor labels;        // int64 [N] on the device
  uint64_t unreadable = 0;  // images left out
};

// Runs every image of `images`, resized and cropped to its centre, through the backbone in
// evaluation mode, without gradients, `batch_size` at a time; the model's mode is restored and its
// statistics stay as they are. Decodes on TBB's threads, computes on the caller's.
Features ComputeFeatures(SimclrModel& model, const LabelledImages& images, int size,
                         int batch_size);

}  // namespace flowtrain
