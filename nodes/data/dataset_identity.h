// Tells whether a data set is the one that a run has trained on so far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nodes/data/image_set.h"

namespace flowtrain {

// The images to train on: how many there are, and a checksum of their names in their order. Where
// they lie, and whether they are packed, makes no difference.
struct DatasetIdentity {
  uint64_t images = 0;
  uint64_t names = 0;

  bool operator==(const DatasetIdentity&) const = default;
  // "5000 images, names 0123456789abcdef", which FromText takes back; nullopt for other texts.
  std::string ToText() const;
  static std::optional<DatasetIdentity> FromText(const std::string& text);
};

// Takes about 0.2 s for a million images.
DatasetIdentity IdentityOf(const ImageSet& set);

// What has changed: "it had 1,000 images and has 1,010 now", …. Empty for equal ones.
std::string DifferenceOf(const DatasetIdentity& before, const DatasetIdentity& now);

}  // namespace flowtrain
