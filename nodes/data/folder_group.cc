#include "nodes/data/folder_group.h"

#include <algorithm>
#include <iterator>

#include "nodes/data/split_names.h"
#include "pipeline/base/text/lower_case.h"

namespace flowtrain {

FolderGroup TakeGroup(std::vector<std::string>& images, const std::string& prefix) {
  FolderGroup group;
  group.prefix = prefix;
  group.unlabeled = InLowerCase(prefix) == std::string(kUnlabeled) + '/';
  const auto begins = [&](const std::string& path) { return path.rfind(prefix, 0) == 0; };
  const auto first = std::find_if(images.begin(), images.end(), begins);
  const auto last = std::find_if_not(first, images.end(), begins);  // they are sorted
  group.files.assign(std::make_move_iterator(first), std::make_move_iterator(last));
  images.erase(first, last);
  std::string_view previous;
  for (const std::string& file : group.files) {
    const std::string_view folder = FolderBelow(file, prefix);
    if (folder.empty()) {
      group.loose.Add(file);
    } else if (folder != previous) {
      group.folders.emplace(folder);
      previous = folder;
    }
  }
  return group;
}

std::string_view FolderBelow(std::string_view path, std::string_view prefix) {
  path.remove_prefix(prefix.size());
  const size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::set<std::string> TopsOf(const std::vector<std::string>& images) {
  std::set<std::string> tops;
  for (const std::string& image : images) {
    if (const auto folder = FolderBelow(image, ""); !folder.empty()) tops.emplace(folder);
  }
  return tops;
}

}  // namespace flowtrain
