// Compares the images of a data set by what a trained network sees in them.
#pragma once

#include <memory>
#include <string>

#include "nodes/check/image_comparison.h"
#include "pipeline/config/config.h"

namespace flowtrain {

// The product of two images' representations (Whiten) from which on they are called similar: few
// pairs that have nothing to do with one another reach it (docs/measurements/duplicates.md).
inline constexpr double kSimilar = 0.8;

// A comparison by the backbone of `checkpoint`. An image is represented by the sum of the features of
// its centre view, as in evaluations, and of that view mirrored, so that mirroring makes no
// difference. `config` has device, threads, gpu.*, model.* and data.image_size, the side of the view.
// Throws ConfigError and DataError for a checkpoint that is none, is of another network or is not
// finite, and for a device that cannot be used. EndPart throws DataError where the network's output
// is not finite; Groups, which is called once, warns where the representations cannot be compared.
std::unique_ptr<ImageComparison> CompareByNetwork(const Config& config,
                                                  const std::string& checkpoint, double threshold);

}  // namespace flowtrain
