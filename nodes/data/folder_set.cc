#include "nodes/data/folder_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "nodes/data/folder_list.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

// Reads a whole file into `storage`. Returns what went wrong, or an empty string.
std::string ReadWhole(int fd, std::vector<uint8_t>& storage) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return std::generic_category().message(errno);
  if (!S_ISREG(status.st_mode)) return "it is not a regular file";
  if (status.st_size > kMaxFileBytes) return "the file is larger than 1 GiB";
  const auto size = static_cast<size_t>(status.st_size);
  if (storage.capacity() < size) storage.reserve(std::bit_ceil(size));  // seldom grows again
  storage.resize(size);
  size_t done = 0;
  while (done < storage.size()) {
    const ssize_t got = read(fd, storage.data() + done, storage.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::generic_category().message(errno);
    if (got == 0) return "the file became shorter while it was read";
    done += static_cast<size_t>(got);
  }
  return {};
}

class FolderSet final : public ImageSet, public LabelledImages {
 public:
  FolderSet(const std::string& root, const OptionNames& names)
      : root_(root),
        folder_{open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
        files_(ListImages(root)) {
    if (folder_.fd < 0) {
      throw DataError("cannot open the folder " + root + ", which " + NameOf(names, "root") +
                      " names: " + std::generic_category().message(errno));
    }
    if (files_.empty()) {
      throw DataError("the folder " + root + ", which " + NameOf(names, "root") +
                      " names, holds no images: files with an extension such as .jpg or .png, at "
                      "any depth");
    }
    AssignLabels();
  }

  uint64_t size() const override { return files_.size(); }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    EncodedImage image;
    image.label = labels_.empty() ? -1 : labels_[id];
    image.file_name = files_[id];
    // What was a file when the folder was listed may be a FIFO by now, which must not be waited
    // for.
    const int fd = openat(folder_.fd, files_[id].c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
      image.error = "cannot open it: " + std::generic_category().message(errno);
      return image;
    }
    const std::string wrong = ReadWhole(fd, storage);
    close(fd);
    if (!wrong.empty()) {
      image.error = "cannot read it: " + wrong;
    } else {
      image.bytes = storage;
    }
    return image;
  }
  int image_height() const override { return 0; }
  int image_width() const override { return 0; }
  std::string ImageName(uint64_t id) const override { return PrintableName(files_[id]); }
  std::string Name() const override { return "folder " + root_.string(); }
  int64_t TrainingId(uint64_t index) const override { return static_cast<int64_t>(index); }
  std::string Description() const override {
    std::string text = "folder " + root_.string() + ": " + ShowCount(files_.size()) +
                       (files_.size() == 1 ? " image" : " images");
    if (!classes_.empty()) text += " in " + ShowCount(classes_.size()) + " classes";
    return text;
  }
  const std::vector<std::string>& classes() const override { return classes_; }
  Evaluation evaluation() const override {
    if (!classes_.empty()) return {this, this, true, {}};
    return {nullptr, nullptr, false,
            "the images of " + root_.string() + " are not sorted into class folders"};
  }

 private:
  void AssignLabels() {
    for (const std::string& file : files_) {
      const size_t slash = file.find('/');
      if (slash == std::string::npos) {
        classes_.clear();
        labels_.clear();
        return;
      }
      labels_.push_back(LabelOf(file.substr(0, slash)));
    }
    if (classes_.size() >= 2) return;
    classes_.clear();
    labels_.clear();
  }

  // Sorted by path, the files of a class (its name and '/') are adjacent.
  int32_t LabelOf(const std::string& folder) {
    const std::string name = PrintableName(folder);
    if (classes_.empty() || classes_.back() != name) classes_.push_back(name);
    return static_cast<int32_t>(classes_.size()) - 1;
  }

  struct Descriptor {
    int fd;
    ~Descriptor() {
      if (fd >= 0) close(fd);
    }
  };

  const fs::path root_;
  const Descriptor folder_;  // files are opened relative to it: no path is built
  const std::vector<std::string> files_;
  std::vector<std::string> classes_;
  std::vector<int32_t> labels_;  // of each file; empty without class folders
};

}  // namespace

bool FolderIsThere(const std::string& root, std::string* why, const OptionNames& names) {
  std::error_code ignored;
  if (fs::is_directory(root, ignored)) return true;
  if (why != nullptr) {
    *why = "there is no folder " + root + ", as " + NameOf(names, "root") + " says";
  }
  return false;
}

std::unique_ptr<ImageSet> OpenFolder(const std::string& root, const OptionNames& names) {
  if (std::string why; !FolderIsThere(root, &why, names)) throw DataError(why);
  return std::make_unique<FolderSet>(root, names);
}

}  // namespace flowtrain
