#include "nodes/data/folder_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 25> kExtensions = {
    "jpg",  "jpeg", "jpe",  "jfif", "png",  "bmp", "dib", "tif", "tiff",
    "webp", "heic", "heif", "hif",  "avif", "gif", "jp2", "j2k", "ppm",
    "pgm",  "pbm",  "pnm",  "pxm",  "pam",  "ras", "sr"};

class Lister {
 public:
  explicit Lister(fs::path root) : root_(std::move(root)) {}

  std::vector<std::string> List() && {
    Enter({});
    // By bytes: the order of std::string ignores the locale.
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  void Enter(const fs::path& relative) {
    struct stat status {};
    const fs::path folder = relative.empty() ? root_ : root_ / relative;
    if (stat(folder.c_str(), &status) != 0) return;  // a link that leads nowhere
    if (!entered_.insert({status.st_dev, status.st_ino}).second) return;
    std::vector<std::string> folders;
    for (const auto& [name, is_folder] : List(folder)) {
      if (is_folder) {
        folders.push_back(name);
      } else {
        found_.push_back((relative / name).string());
      }
    }
    // Sorted, so that of two links to one folder the same one counts on every machine.
    std::sort(folders.begin(), folders.end());
    for (const std::string& name : folders) Enter(relative / name);
  }

  struct Item {
    std::string name;
    bool is_folder;
  };

  // The folders and image files of a folder, in any order.
  static std::vector<Item> List(const fs::path& folder) {
    std::vector<Item> items;
    try {
      for (const auto& entry : fs::directory_iterator(folder)) {
        std::string name = entry.path().filename();
        if (name.front() == '.') continue;
        // The folder itself says what its entries are; only the targets of links are looked up.
        std::error_code leads_nowhere;
        if (entry.is_directory(leads_nowhere)) {
          items.push_back({std::move(name), true});
        } else if (HasImageExtension(name) && entry.is_regular_file(leads_nowhere)) {
          items.push_back({std::move(name), false});
        }
      }
    } catch (const fs::filesystem_error& error) {
      throw DataError("cannot list the folder " + PrintableName(folder.string()) + ": " +
                      error.code().message() + "; mend its permissions or move it away");
    }
    return items;
  }

  const fs::path root_;
  std::set<std::pair<dev_t, ino_t>> entered_;
  std::vector<std::string> found_;
};

}  // namespace

bool HasImageExtension(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::vector<std::string> ListImages(const std::string& root) { return Lister(root).List(); }

}  // namespace flowtrain
