// A folder of image files: a folder for each class, or all of them in one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nodes/data/folder_layout.h"
#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// Lists the images at any depth below `root`, sorted by the bytes of their paths. Files are taken
// by their extension, in upper or lower case; names that begin with a dot are skipped; links are
// followed, and no folder is entered twice (ListFolder). LayOut says which of them are trained on
// and what their labels are. Throws ConfigError where `root` is not a folder, may not be read or holds
// no images, or `splits` are not there, DataError for what cannot be looked at inside.
std::unique_ptr<ImageSet> OpenFolder(const std::string& root,
                                     const std::vector<std::string>& splits = {},
                                     const OptionNames& names = {});

// The set of `layout`, whose files are relative to `folder` or absolute. `title` is what descriptions
// call it: "folder photos". Throws DataError where the folder cannot be opened.
std::unique_ptr<ImageSet> MakeFileSet(std::string title, const std::string& folder,
                                      FolderLayout layout, std::vector<std::string> notes);

}  // namespace flowtrain
