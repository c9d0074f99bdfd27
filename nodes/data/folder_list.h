// Finds the image files of a folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// Whether a file of this name is taken for an image.
bool HasImageExtension(std::string_view name);

// Paths, relative to `root`, of the images at any depth below it, sorted by their bytes. Folders
// that cannot be read throw DataError.
std::vector<std::string> ListImages(const std::string& root);

}  // namespace flowtrain
