// Another way to find images that are alike, beside their looks: by what a network sees in them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "nodes/check/duplicates.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Images that are alike, directly or by way of others.
struct SimilarGroup {
  Group images;
  double similarity =
      0;  // at most 1; each image has another in the group that is at least so similar
};

// Takes the images of a data set in parts, so that it need not hold the pixels of more than one.
class ImageComparison {
 public:
  virtual ~ImageComparison() = default;
  // Before the images of these places are taken.
  virtual void BeginPart(uint64_t first_place, uint64_t images) = 0;
  // A decoded image of the part; one that cannot be used is never taken. Any thread, each place once.
  virtual void Take(uint64_t place, const RgbImage& image) = 0;
  // After the images of the part, on the thread that began it. `stop` ends it early, as below.
  virtual void EndPart(const std::function<bool()>& stop) = 0;
  // The groups among the images that were taken and are listed in `places`, the most similar first.
  // `progress` is told of images; `stop` ends it early, with what was found.
  virtual std::vector<SimilarGroup> Groups(
      std::span<const uint64_t> places, const std::function<bool()>& stop,
      const std::function<void(uint64_t done, uint64_t images)>& progress) = 0;
};

}  // namespace flowtrain
