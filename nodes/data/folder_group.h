// The images of a data set below one of its folders.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/data/folder_list.h"

namespace flowtrain {

// The sorted images below a prefix, and the folders directly below it that they are in.
struct FolderGroup {
  std::string prefix;  // empty, or ends with a slash
  std::vector<std::string> files;
  std::set<std::string> folders;
  Counted loose;  // images in none of them
  bool unlabeled = false;

  uint64_t in_folders() const { return files.size() - loose.count; }
};

// Takes the images below `prefix` out of `images`, which are sorted.
FolderGroup TakeGroup(std::vector<std::string>& images, const std::string& prefix);

// The folder directly below `prefix` that a path is in; empty where it is in none.
std::string_view FolderBelow(std::string_view path, std::string_view prefix);

// The folders directly below the root that have images.
std::set<std::string> TopsOf(const std::vector<std::string>& images);

}  // namespace flowtrain
