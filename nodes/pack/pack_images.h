// Decodes a data set to one packed file (docs/packed.md).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nodes/data/bad_images.h"
#include "nodes/data/image_set.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {

struct PackOptions {
  int max_side = 0;  // largest side images are shrunk to, pixels; 0: whole images
  int threads = 1;   // that decode
  int64_t max_pixels = kMaxImagePixels;  // of an image file; one that has more is unreadable
  double max_bad_fraction = 0.01;        // unreadable images, as a share of all, before it gives up
  std::string max_bad_fraction_name = "max_bad_fraction";  // in messages
  uint64_t fingerprint = 0;                                // kept in the file's header
  // Asked before each image; true ends the packing, and no file is made.
  std::function<bool()> stop = [] { return false; };
  // Called on one thread at a time after each image.
  std::function<void(uint64_t done, uint64_t images)> progress = [](uint64_t, uint64_t) {};
};

struct PackResult {
  bool stopped = false;
  uint64_t images = 0, bytes = 0;  // of the file
  std::vector<BadImage> bad;       // left out; numbered in the order of packing
};

// Packs the images to train on, in order, then those of the evaluation that are not among them. The
// file is the same, byte for byte, whatever the number of threads. It takes the place of what is at
// `path`. Images that are left out are listed in BadImagesOf(path), which is removed if there are
// none. Throws DataError when too many images are bad, which are listed too, or the file cannot be
// written; then there is no file.
PackResult PackImages(const ImageSet& set, const std::string& path, const PackOptions& options);

}  // namespace flowtrain
