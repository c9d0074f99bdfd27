// Reads and decodes every image of a data set, to say what is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nodes/check/duplicates.h"
#include "nodes/check/image_comparison.h"
#include "nodes/check/look.h"
#include "nodes/data/image_set.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {

struct CheckOptions {
  int threads = 1;
  int64_t max_pixels = kMaxImagePixels;  // of an image file; one that has more is unreadable
  // Asked before each image; true ends the check.
  std::function<bool()> stop = [] { return false; };
  // Called on one thread at a time; `did` is "checked", then "compared".
  std::function<void(const char* did, uint64_t done, uint64_t images)> progress =
      [](const char*, uint64_t, uint64_t) {};
  ImageComparison* comparison = nullptr;  // null: images are compared by their looks alone
};

// What is known of an image.
struct CheckedImage {
  bool judged_on = false;  // otherwise it is trained on, or a neighbour of those judged on
  std::string bad;         // why it cannot be used; empty: it can
  const char* format = "";
  int height = 0, width = 0;
  uint64_t bytes = 0;  // as it is stored
  int32_t label = -1;
  uint64_t pixels = 0;  // checksum of size and decoded pixels; 0 for a bad one
  double seconds = 0;   // that decoding took
};

struct CheckResult {
  bool stopped = false;
  std::vector<CheckedImage> images;  // those to train on, then the others of the evaluation
  std::vector<std::string> names;
  uint64_t judged_and_trained = 0;  // images that are in both
  std::vector<Group> copies;        // of the same pixels
  std::vector<Group> alike;         // that look alike, of those with other pixels
  uint64_t plain = 0;               // of nearly one colour, which are not compared
  // By CheckOptions::comparison, of those with other pixels, without groups that look alike anyway.
  std::vector<SimilarGroup> similar;
};

// Decodes all images on `threads` threads. The result does not depend on their number but for
// `seconds`. Throws DataError where the set as a whole cannot be read.
CheckResult CheckImages(const ImageSet& set, const CheckOptions& options);

}  // namespace flowtrain
