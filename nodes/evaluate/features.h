// The frozen backbone's features of a set of images.
#pragma once

#include <functional>

#include "nodes/evaluate/labelled_features.h"
#include "nodes/source/image_set.h"
#include "nodes/train/simclr_model.h"

namespace flowtrain {

// Runs every image of `images`, resized and cropped to its centre, through the backbone in
// evaluation mode, without gradients, `batch_size` at a time; the model's mode is restored and its
// statistics stay as they are. Decodes on TBB's threads, computes on the caller's. The result is on
// the device. `stop`, asked before each forward, ends it with no features at all.
Features ComputeFeatures(SimclrModel& model, const LabelledImages& images, int size, int batch_size,
                         const std::function<bool()>& stop = {});

}  // namespace flowtrain
