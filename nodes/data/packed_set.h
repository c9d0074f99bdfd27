// A packed data set as one to train on.
#pragma once

#include <memory>
#include <string>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// The list of the images that `flowtrain pack` left out, beside the file it made:
// "photos.ftpack.bad_images.csv".
std::string BadImagesOf(const std::string& packed_file);

// Opens a file that `flowtrain pack` made. Its images are Encoding::kRgb, each of its own size, and
// views of a mapping. Labels, names and the evaluation are those of the set that was packed. An
// image with a wrong checksum is a bad one. Throws ConfigError for what is not a packed file, DataError
// for one that is damaged, as PackedFile does.
std::unique_ptr<ImageSet> OpenPacked(const std::string& path, const OptionNames& names = {});

}  // namespace flowtrain
