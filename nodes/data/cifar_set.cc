#include "nodes/data/cifar_set.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "nodes/data/data_root.h"
#include "nodes/data/folder_layout.h"
#include "nodes/data/split_set.h"
#include "nodes/data/unread_files.h"
#include "nodes/image/simd/kernels.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapped_file.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPlane = size_t{kCifarSide} * kCifarSide;

// What tells one of the two sets from the other.
struct CifarLayout {
  const char* title;
  const char* folder;   // that its archive unpacks to
  const char* archive;  // the binary version's
  const char* address;
  int classes;
  size_t label_bytes;  // of a record; the last of them is the label that is used
  std::vector<std::string> train, test;
  const char* class_names;
};

const CifarLayout& LayoutOf(Cifar which) {
  static const CifarLayout cifar10 = {"CIFAR-10",
                                      "cifar-10-batches-bin",
                                      "cifar-10-binary.tar.gz",
                                      "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                                      10,
                                      1,
                                      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                       "data_batch_4.bin", "data_batch_5.bin"},
                                      {"test_batch.bin"},
                                      "batches.meta.txt"};
  static const CifarLayout cifar100 = {"CIFAR-100",
                                       "cifar-100-binary",
                                       "cifar-100-binary.tar.gz",
                                       "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                                       100,
                                       2,
                                       {"train.bin"},
                                       {"test.bin"},
                                       "fine_label_names.txt"};
  return which == Cifar::k10 ? cifar10 : cifar100;
}

const std::vector<std::string>& FilesOf(const CifarLayout& layout, const std::string& split) {
  return split == "train" ? layout.train : layout.test;
}

std::string In(const std::string& root, const std::string& name) { return fs::path(root) / name; }

// The first file of a split that is not there; empty: all are. What cannot be looked at is there:
// opening it says why.
std::string MissingFile(const CifarLayout& layout, const std::string& root,
                        const std::string& split) {
  for (const std::string& name : FilesOf(layout, split)) {
    if (LeadsToNothing(In(root, name))) return name;
  }
  return {};
}

std::string FetchAgain(const CifarLayout& layout) {
  return std::string("; unpack ") + layout.archive + " again, or download it again from " +
         layout.address;
}

// One file of records.
class RecordFile {
 public:
  RecordFile(const CifarLayout& layout, const std::string& path)
      : file_(path), label_bytes_(layout.label_bytes) {
    const size_t bytes = file_.bytes().size();
    if (bytes == 0 || bytes % record_bytes() != 0) {
      throw DataError(PrintableName(path) + " is damaged or cut off, or not of " + layout.title +
                      ": it has " + ShowCount(bytes) + " bytes, which is not a multiple of the " +
                      ShowCount(record_bytes()) + " of a record" + FetchAgain(layout));
    }
    for (uint64_t index = 0; index < size(); ++index) {
      if (Label(index) < layout.classes) continue;
      throw DataError(PrintableName(path) + " is damaged, or not of " + layout.title + ": image " +
                      std::to_string(index) + " has the label " + std::to_string(Label(index)) +
                      ", and labels are 0 to " + std::to_string(layout.classes - 1) +
                      FetchAgain(layout));
    }
    file_.CheckReads();
  }

  uint64_t size() const { return file_.bytes().size() / record_bytes(); }
  int Label(uint64_t index) const {
    return file_.bytes()[index * record_bytes() + label_bytes_ - 1];
  }
  void CheckFile() const { file_.CheckFile(); }

  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const {
    const uint8_t* red = file_.bytes().data() + index * record_bytes() + label_bytes_;
    storage.resize(3 * kPlane);
    simd::InterleaveRgb(red, red + kPlane, red + 2 * kPlane, kPlane, storage.data());
    EncodedImage image;
    image.bytes = storage;
    image.encoding = Encoding::kRgb;
    image.label = Label(index);
    image.height = image.width = kCifarSide;
    file_.CheckReads();  // before what was copied is used
    return image;
  }

 private:
  size_t record_bytes() const { return label_bytes_ + 3 * kPlane; }

  const MappedFile file_;
  const size_t label_bytes_;
};

class CifarSplit final : public Split {
 public:
  CifarSplit(const CifarLayout& layout, const std::string& root, const std::string& name)
      : Split(name), title_(layout.title) {
    for (const std::string& file : FilesOf(layout, name)) {
      files_.push_back(std::make_unique<RecordFile>(layout, In(root, file)));
      size_ += files_.back()->size();
    }
  }

  bool labelled() const override { return true; }
  uint64_t size() const override { return size_; }
  std::string Name() const override { return title_ + ' ' + name(); }
  void CheckFiles() const override {
    for (const auto& file : files_) file->CheckFile();
  }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    auto file = files_.begin();
    for (; index >= (*file)->size(); ++file) index -= (*file)->size();
    return (*file)->Fetch(index, storage);
  }

 private:
  const std::string title_;
  std::vector<std::unique_ptr<RecordFile>> files_;
  uint64_t size_ = 0;
};

// The names in their file, or the numbers of the classes where it is not whole.
std::vector<std::string> ClassNames(const CifarLayout& layout, const std::string& root) {
  constexpr size_t kMostBytes = 65536;
  std::vector<std::string> names;
  std::string text, ignored;
  ReadWholeFile(In(root, layout.class_names), kMostBytes, text, &ignored);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(PrintableName(line));
  }
  if (names.size() == static_cast<size_t>(layout.classes)) return names;
  names.clear();
  for (int label = 0; label < layout.classes; ++label) names.push_back(std::to_string(label));
  return names;
}

// Of the Python version, a file that is at this place or in the folder that it unpacks to.
std::string PythonVersion(Cifar which, const std::string& root) {
  const bool is_10 = which == Cifar::k10;
  for (const char* below : {"", is_10 ? "cifar-10-batches-py" : "cifar-100-python"}) {
    const fs::path folder = fs::path(root) / below;
    const fs::path file = folder / (is_10 ? "data_batch_1" : "train");
    const fs::path meta = folder / (is_10 ? "batches.meta" : "meta");
    if (!LeadsToNothing(file) && !LeadsToNothing(meta)) return file;
  }
  return {};
}

// The folder above or below `root` that holds the set; empty: neither.
std::string FolderNearby(Cifar which, const std::string& root) {
  const fs::path below = fs::path(root) / LayoutOf(which).folder;
  if (HoldsCifar(which, below)) return below;
  const fs::path above = fs::absolute(root).lexically_normal() / "..";
  if (HoldsCifar(which, above)) return above.lexically_normal().parent_path();
  return {};
}

std::string AdviceOnMissing(Cifar which, const std::string& root, const OptionNames& names) {
  const CifarLayout& layout = LayoutOf(which);
  const std::string name = NameOf(names, "root");
  if (HoldsCifar(which, root)) return std::string(". Unpack ") + layout.archive + " there again";
  if (const std::string nearby = FolderNearby(which, root); !nearby.empty()) {
    return ", but " + PrintableName(nearby) + " does: set " + name + " to " + PrintableName(nearby);
  }
  if (const std::string python = PythonVersion(which, root); !python.empty()) {
    return "; " + PrintableName(python) + " is of " + layout.title +
           "'s Python version, and the binary version is read: download " + layout.address +
           ", unpack it, and set " + name + " to the folder " + layout.folder + " that comes of it";
  }
  if (const std::string advice = AdviceOnFolder(root, names); !advice.empty()) return advice;
  std::error_code ignored;
  return std::string(fs::is_empty(root, ignored)
                         ? ": it is empty. If a disk is to be there, mount it"
                         : "") +
         ". " + layout.title + " comes from " + layout.address;
}

SplitSetParts PartsOf(const CifarLayout& layout, const std::string& root,
                      const std::vector<std::string>& splits) {
  SplitSetParts parts{layout.title, kCifarSide, ClassNames(layout, root), {}, splits, {}};
  for (const std::string name : {"train", "test"}) {
    const std::string missing = MissingFile(layout, root, name);
    if (missing.empty()) {
      parts.splits[name] = std::make_unique<CifarSplit>(layout, root, name);
    } else if (parts.why_not.empty()) {
      parts.why_not = PrintableName(In(root, missing)) + " is not there";
    }
  }
  return parts;
}

}  // namespace

size_t CifarRecordBytes(Cifar which) { return LayoutOf(which).label_bytes + 3 * kPlane; }

const char* CifarAddress(Cifar which) { return LayoutOf(which).address; }

const char* CifarFolder(Cifar which) { return LayoutOf(which).folder; }

std::vector<std::string> CifarFiles(Cifar which) {
  const CifarLayout& layout = LayoutOf(which);
  std::vector<std::string> files = layout.train;
  files.insert(files.end(), layout.test.begin(), layout.test.end());
  files.emplace_back(layout.class_names);
  return files;
}

bool HoldsCifar(Cifar which, const std::string& root) {
  const CifarLayout& layout = LayoutOf(which);
  const auto is_there = [&](const std::string& name) { return !LeadsToNothing(In(root, name)); };
  // Names such as train.bin are nobody's own: two of the set must be there.
  if (which == Cifar::k100 && !is_there(layout.class_names))
    return is_there("train.bin") && is_there("test.bin");
  return std::any_of(layout.train.begin(), layout.train.end(), is_there) ||
         std::any_of(layout.test.begin(), layout.test.end(), is_there);
}

std::unique_ptr<ImageSet> OpenCifar(Cifar which, const std::string& root,
                                    const std::vector<std::string>& splits,
                                    const OptionNames& names) {
  const CifarLayout& layout = LayoutOf(which);
  const bool by_default = splits == DefaultSplits();
  const std::vector<std::string> wanted = by_default ? std::vector<std::string>{"train"} : splits;
  CheckSplitNames(layout.title, wanted, {"train", "test"}, names);
  NeedFolder(root, names);
  for (const std::string& split : wanted) {
    const std::string missing = MissingFile(layout, root, split);
    if (missing.empty()) continue;
    throw ConfigError("the folder " + PrintableName(root) + ", which " + NameOf(names, "root") +
                      " names, holds no " + missing + AdviceOnMissing(which, root, names));
  }
  return MakeSplitSet(PartsOf(layout, root, wanted));
}

}  // namespace flowtrain
