// A folder of image files: a folder for each class, or all of them in one.
#pragma once

#include <memory>
#include <string>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// Whether `root` is a folder. False: `why` (may be null) says so.
bool FolderIsThere(const std::string& root, std::string* why, const OptionNames& names = {});

// Lists the images at any depth below `root`, sorted by the bytes of their paths. Files are taken
// by their extension, in upper or lower case; names that begin with a dot are skipped; links are
// followed, and no folder is entered twice. Labels come from the folders directly below `root`, if
// there are at least two and every image is in one of them. Throws DataError when there are no
// images.
std::unique_ptr<ImageSet> OpenFolder(const std::string& root, const OptionNames& names = {});

}  // namespace flowtrain
