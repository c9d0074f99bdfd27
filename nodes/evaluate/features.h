// The frozen backbone's features of a set of images.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "nodes/data/image_set.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/image/pixel_limit.h"
#include "nodes/train/model/simclr_model.h"

namespace flowtrain {

// Images by their index, from `begin` up to `end`.
struct ImageRange {
  uint64_t begin = 0, end = 0;
};

// Runs every image of `images`, or those of `range`, resized and cropped to its centre, through the backbone in
// evaluation mode, without gradients, `batch_size` at a time, or fewer if the device has too little
// memory; the model's mode is restored and its
// statistics are left as they are. Decodes on TBB's threads, computes on the caller's. The result
// is on the device. Images that cannot be used are left out and named, files of more than
// `max_pixels` among them. `stop` is asked
// before each forward pass; true ends the call with no features at all. There are none either if no
// image can be read.
Features ComputeFeatures(SimclrModel& model, const LabelledImages& images, int size, int batch_size,
                         int64_t max_pixels = kMaxImagePixels,
                         const std::function<bool()>& stop = {},
                         std::optional<ImageRange> range = {});

}  // namespace flowtrain
