// A sample slot as the sources of images make them.
#pragma once

#include <memory>

#include "nodes/image/image_sample.h"

namespace flowtrain {

struct ImageSlot : Sample {
  ImageSlot() { payload = std::make_unique<ImageSample>(); }
  ImageSample& carried() const { return ImageOf(*this); }
  RgbImage& image() const { return carried().image; }
};

}  // namespace flowtrain
