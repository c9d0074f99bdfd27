#include "nodes/data/folder_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <system_error>
#include <utility>

#include "nodes/data/data_root.h"
#include "nodes/data/describe_set.h"
#include "nodes/data/folder_layout.h"
#include "nodes/data/folder_list.h"
#include "nodes/data/unread_files.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

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

// The images of a part of the folder.
class FolderImages {
 public:
  FolderImages(int folder, FolderPart part) : folder_(folder), part_(std::move(part)) {}

  uint64_t size() const { return part_.files.size(); }
  int32_t Label(uint64_t index) const { return part_.labels.empty() ? -1 : part_.labels[index]; }
  std::string Name(uint64_t index) const { return PrintableName(part_.files[index]); }

  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const {
    EncodedImage image;
    image.label = Label(index);
    image.file_name = part_.files[index];
    // What was a file when the folder was listed may be a FIFO by now, which must not be waited
    // for.
    const Descriptor file(
        openat(folder_, part_.files[index].c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0) {
      image.error = "cannot open it: " + std::generic_category().message(errno);
      return image;
    }
    const std::string wrong = ReadWhole(file.fd, storage);
    if (!wrong.empty()) {
      image.error = "cannot read it: " + wrong;
    } else {
      image.bytes = storage;
    }
    return image;
  }

 private:
  const int folder_;  // files are opened relative to it: no path is built
  const FolderPart part_;
};

// Those with labels, for the evaluation.
class LabelledFiles final : public LabelledImages {
 public:
  LabelledFiles(const FolderImages& images, bool trained_on, std::string name)
      : images_(images), trained_on_(trained_on), name_(std::move(name)) {
    for (uint64_t index = 0; index < images.size(); ++index) {
      if (images.Label(index) >= 0) labelled_.push_back(index);
    }
  }

  uint64_t size() const override { return labelled_.size(); }
  std::string Name() const override { return name_; }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    return images_.Fetch(labelled_[index], storage);
  }
  std::string ImageName(uint64_t index) const override { return images_.Name(labelled_[index]); }
  int64_t TrainingId(uint64_t index) const override {
    return trained_on_ ? static_cast<int64_t>(labelled_[index]) : -1;
  }

 private:
  const FolderImages& images_;
  const bool trained_on_;
  const std::string name_;
  std::vector<uint64_t> labelled_;
};

class FolderSet final : public ImageSet {
 public:
  FolderSet(std::string title, int folder, FolderLayout layout, std::vector<std::string> notes)
      : title_(std::move(title)),
        folder_(folder),
        layout_(std::move(layout)),
        notes_(std::move(notes)),
        training_(folder, std::move(layout_.training)),
        judged_(folder, std::move(layout_.judged)),
        bank_(training_, true, Trained()),
        queries_(judged_, false, title_ + ", " + PrintableName(layout_.judged_on)) {}

  uint64_t size() const override { return training_.size(); }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    return training_.Fetch(id, storage);
  }
  int image_height() const override { return 0; }
  int image_width() const override { return 0; }
  std::string ImageName(uint64_t id) const override { return training_.Name(id); }
  std::string Description() const override {
    return DescribeSet(Trained(), layout_.judged_on, {size(), classes().size(), queries_.size()});
  }
  std::vector<std::string> splits() const override { return layout_.splits; }
  const std::vector<std::string>& classes() const override { return layout_.classes; }
  Evaluation evaluation() const override {
    if (classes().empty()) return {nullptr, nullptr, false, layout_.why_not};
    if (layout_.judged_on.empty()) return {&bank_, &bank_, true, {}};
    return {&bank_, &queries_, false, {}};
  }
  std::vector<std::string> Notes() const override { return notes_; }

 private:
  std::string Trained() const { return DescribeTrained(title_, layout_.splits); }

  const std::string title_;
  const Descriptor folder_;
  FolderLayout layout_;  // but for its parts, which are below
  const std::vector<std::string> notes_;
  const FolderImages training_, judged_;
  const LabelledFiles bank_, queries_;
};

// What lies in a folder without images. Begins with what separates it from the message before.
std::string WhatLiesThere(const std::string& root, const FolderListing& listing,
                          const OptionNames& names) {
  std::vector<std::string> lines = NotesOn(listing);
  if (const Counted& files = listing.hidden_files; files.count > 0) {
    lines.push_back(ShowCount(files.count, "file") +
                    " skipped because of the name, which begins with a dot or is a system's: " +
                    PrintableName(files.first) + (files.count > 1 ? ", …" : ""));
  }
  if (lines.empty() && listing.folders.empty()) {
    return ": it is empty. If a disk is to be there, mount it";
  }
  std::string text = ": no files with an extension such as .jpg or .png, at any depth";
  for (const std::string& line : lines) text += "; " + line;
  return text + AdviceOnFolder(root, listing, names);
}

}  // namespace

std::unique_ptr<ImageSet> OpenFolder(const std::string& root,
                                     const std::vector<std::string>& splits,
                                     const OptionNames& names) {
  NeedFolder(root, names);
  FolderListing listing = ListFolder(root);
  if (listing.images.empty()) {
    throw ConfigError("the folder " + PrintableName(root) + ", which " + NameOf(names, "root") +
                      " names, holds no images" + WhatLiesThere(root, listing, names));
  }
  std::vector<std::string> notes = NotesOn(listing);
  FolderLayout layout = LayOut(root, std::move(listing), splits, names);
  notes.insert(notes.end(), layout.notes.begin(), layout.notes.end());
  for (std::string& note : notes) note.insert(0, PrintableName(root) + ": ");
  return MakeFileSet("folder " + PrintableName(root), root, std::move(layout), std::move(notes));
}

std::unique_ptr<ImageSet> MakeFileSet(std::string title, const std::string& folder,
                                      FolderLayout layout, std::vector<std::string> notes) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    throw DataError("cannot open the folder " + PrintableName(folder) + ": " +
                    std::generic_category().message(errno));
  }
  return std::make_unique<FolderSet>(std::move(title), fd, std::move(layout), std::move(notes));
}

}  // namespace flowtrain
