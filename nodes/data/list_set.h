// Images that a list names: a text or CSV file with a path on each line, and perhaps a label.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// Opens the images of a list of comma-separated values (RFC 4180): `path` or `path,label` on each
// line, or columns in any order below a first line that names them (path, label or class, split).
// Paths are relative to the list's folder or absolute; empty lines count for nothing. The images are
// trained on in the order of the list; LayOutListed says what labels and splits mean. Files that are
// not there are counted in a note and stay in the set as bad images. Throws ConfigError for a list
// that is not there, names no image that is, or is not well formed, with the number of the line.
std::unique_ptr<ImageSet> OpenList(const std::string& path, const std::vector<std::string>& splits,
                                   const OptionNames& names = {});

// The paths in a list, as they stand there. Throws as OpenList.
std::vector<std::string> PathsOfList(const std::string& path, const OptionNames& names = {});

}  // namespace flowtrain
