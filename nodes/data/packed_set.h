// A packed data set as one to train on.
#pragma once

#include <memory>
#include <string>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// Whether `path` is a file. False: `why` (may be null) says so.
bool PackedIsThere(const std::string& path, std::string* why, const OptionNames& names = {});

// The list of the images that `flowtrain pack` left out, beside the file it made:
// "photos.ftpack.bad_images.csv".
std::string BadImagesOf(const std::string& packed_file);

// Opens a file that `flowtrain pack` made. Its images are Encoding::kRgb, each of its own size, and
// views of a mapping. Labels, names and the evaluation are those of the set that was packed. An
// image with a wrong checksum is a bad one. Throws DataError as PackedFile does.
std::unique_ptr<ImageSet> OpenPacked(const std::string& path);

}  // namespace flowtrain
