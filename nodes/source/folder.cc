#include "nodes/source/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "pipeline/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 16> kExtensions = {
    ".jpg",  ".jpeg", ".jpe", ".png", ".bmp", ".dib", ".tif", ".tiff",
    ".webp", ".ppm",  ".pgm", ".pbm", ".pnm", ".jp2", ".sr",  ".ras"};

bool IsImage(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

struct Listed {
  std::string name;  // relative to the root
  int32_t label = -1;
};

// Reads a whole file into `storage`. Returns what went wrong, or nothing.
std::string ReadAll(const std::string& path, std::vector<uint8_t>& storage) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::strerror(errno);
  struct stat status {};
  std::string error;
  if (fstat(descriptor, &status) != 0) error = std::strerror(errno);
  storage.resize(static_cast<size_t>(std::max<off_t>(0, status.st_size)));
  size_t done = 0;
  while (error.empty() && done < storage.size()) {
    const ssize_t got = read(descriptor, storage.data() + done, storage.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = std::strerror(errno);
    if (got == 0) error = "the file became shorter while it was read";
    if (got > 0) done += static_cast<size_t>(got);
  }
  close(descriptor);
  if (error.empty() && storage.empty()) error = "the file is empty";
  return error;
}

class FolderSet final : public ImageSet {
 public:
  FolderSet(std::string root, std::vector<Listed> images)
      : root_(std::move(root)), images_(std::move(images)) {}

  uint64_t size() const override { return images_.size(); }
  Encoding encoding() const override { return Encoding::kFile; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    EncodedImage image;
    image.label = images_[id].label;
    image.error = ReadAll((fs::path(root_) / images_[id].name).string(), storage);
    image.bytes = storage;
    return image;
  }
  std::string Name(uint64_t id) const override { return images_[id].name; }

 private:
  std::string root_;
  std::vector<Listed> images_;
};

std::vector<Listed> List(const std::string& root) {
  std::vector<Listed> images;
  std::error_code error;
  const auto options = fs::directory_options::follow_directory_symlink |
                       fs::directory_options::skip_permission_denied;
  constexpr int kDeepest = 16;  // a link that leads back up must not go on for ever
  for (auto it = fs::recursive_directory_iterator(root, options, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) throw DataError("cannot read the folder " + root + ": " + error.message());
    const bool hidden = it->path().filename().string().rfind('.', 0) == 0;
    if (it->is_directory(error)) {
      if (hidden || it.depth() >= kDeepest) it.disable_recursion_pending();
      continue;
    }
    if (!hidden && it->is_regular_file(error) && IsImage(it->path())) {
      images.push_back({fs::relative(it->path(), root, error).string()});
    }
  }
  if (error) throw DataError("cannot read the folder " + root + ": " + error.message());
  std::sort(images.begin(), images.end(),
            [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return images;
}

// Gives each image the number of its class, the first folder of its name. Returns the number of
// classes, or 0 where an image lies in no folder.
int Label(std::vector<Listed>& images) {
  std::map<std::string, int32_t> classes;
  for (const Listed& image : images) {
    const size_t slash = image.name.find('/');
    if (slash == std::string::npos) return 0;
    classes.emplace(image.name.substr(0, slash), 0);
  }
  int32_t next = 0;
  for (auto& entry : classes) entry.second = next++;
  for (Listed& image : images) image.label = classes[image.name.substr(0, image.name.find('/'))];
  return next;
}

}  // namespace

OpenedDataset OpenFolder(const std::string& root) {
  std::vector<Listed> images = List(root);
  if (images.empty()) {
    throw DataError("no images in '" + root +
                    "' (jpg, png, bmp, tiff, webp, ppm, …); set data.root to a "
                    "folder of images or of class folders");
  }
  const int classes = Label(images);
  OpenedDataset opened;
  opened.train = std::make_shared<FolderSet>(root, std::move(images));
  opened.description = "folder " + root;
  if (classes >= 2) {
    opened.description += ", " + std::to_string(classes) + " classes";
    opened.labelled.bank = opened.labelled.queries = opened.train;
    opened.labelled.leave_one_out = true;
    opened.labelled.classes = classes;
  } else {
    opened.labelled.why_not = "the images of " + root + " are not in class folders";
  }
  return opened;
}

}  // namespace flowtrain
