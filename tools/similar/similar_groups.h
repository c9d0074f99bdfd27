// Finds rows that are nearly equal among the representations of images.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "nodes/check/image_comparison.h"

namespace flowtrain {

// The representations of some of the images.
struct Representations {
  at::Tensor rows;               // float [N, D], finite, on the host
  std::vector<uint64_t> places;  // of their images
};

// Makes unit vectors of the rows whose products say how much two images have in common beyond what
// all of them have: subtracts the mean of all rows, divides by their covariance (Mahalanobis), to
// which a tenth of its mean eigenvalue is added, and normalises. Cosines of the rows themselves are
// close to 1 for most pairs of a network that was trained for a short time. False, and nothing is
// changed, where the rows hardly differ, or are too few for a covariance.
bool Whiten(std::vector<Representations>& parts);

// Groups of images with a product of at least `threshold` (above 0), directly or by way of others;
// the rows are unit vectors. Computes on `device`, two parts at a time. The most similar group is
// the first. `stop` ends it early, with what was found; `progress` is told of rows.
std::vector<SimilarGroup> SimilarGroups(
    const std::vector<Representations>& parts, double threshold, c10::Device device,
    const std::function<bool()>& stop,
    const std::function<void(uint64_t done, uint64_t rows)>& progress);

}  // namespace flowtrain
