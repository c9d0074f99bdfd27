#include "nodes/data/stl10_set.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "nodes/data/data_root.h"
#include "nodes/data/unread_files.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapped_file.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int kClasses = 10;

std::string ImageFile(const std::string& root, const std::string& split) {
  return fs::path(root) / (split + "_X.bin");
}
std::string LabelFile(const std::string& root, const std::string& split) {
  return fs::path(root) / (split + "_y.bin");
}
// Also of what cannot be looked at: opening it says why.
bool IsThere(const std::string& path) { return !LeadsToNothing(path); }

const char* kFetchAgain = "; unpack stl10_binary.tar.gz again, or download it again from ";

// One split: its images, and its labels where there are some.
class Split final : public LabelledImages {
 public:
  Split(const std::string& root, std::string name)
      : name_(std::move(name)), images_(ImageFile(root, name_)) {
    const size_t bytes = images_.bytes().size();
    if (bytes == 0)
      throw DataError(ImageFile(root, name_) + " is empty" + kFetchAgain + kStl10Address);
    if (bytes % kStl10ImageBytes != 0) {
      throw DataError(ImageFile(root, name_) + " is damaged or cut off: it has " +
                      ShowCount(bytes) + " bytes, which is not a multiple of the " +
                      ShowCount(kStl10ImageBytes) + " of a 96x96 image" + kFetchAgain +
                      kStl10Address);
    }
    if (IsThere(LabelFile(root, name_))) ReadLabels(LabelFile(root, name_));
    asked_ = std::make_unique<std::atomic<bool>[]>(size());
  }

  const std::string& name() const { return name_; }
  bool labelled() const { return !labels_.empty(); }
  uint64_t size() const override { return images_.bytes().size() / kStl10ImageBytes; }
  std::string Name() const override { return "STL-10 " + name_; }
  std::string ImageName(uint64_t index) const override {
    return name_ + " image " + std::to_string(index);
  }
  int64_t TrainingId(uint64_t index) const override {
    return first_id_ < 0 ? -1 : first_id_ + static_cast<int64_t>(index);
  }
  void CheckFile() const { images_.CheckFile(); }
  // The split is trained on, from this id on.
  void SetFirstId(uint64_t id) { first_id_ = static_cast<int64_t>(id); }

  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>&) const override {
    const size_t offset = index * kStl10ImageBytes;
    images_.CheckReads();
    AskFor(index, offset);
    EncodedImage image;
    image.bytes = images_.bytes().subspan(offset, kStl10ImageBytes);
    image.encoding = Encoding::kStl10Planes;
    image.label = labelled() ? labels_[index] : -1;
    image.height = image.width = kStl10Side;
    image.lost = images_.lost();
    return image;
  }

 private:
  // A call costs a twentieth of making the two views, so it is made once for an image that is
  // likely to be in memory from then on.
  void AskFor(uint64_t index, size_t offset) const {
    if (images_.likely_to_stay() && asked_[index].exchange(true, std::memory_order_relaxed)) return;
    images_.WillNeed(offset, kStl10ImageBytes);
  }

  void ReadLabels(const std::string& path) {
    const MappedFile file(path);
    const auto bytes = file.bytes();
    if (bytes.size() != size()) {
      throw DataError(path + " has " + ShowCount(bytes.size()) + " labels for the " +
                      ShowCount(size()) + " images of " + name_ +
                      "_X.bin: the files do not belong "
                      "together" +
                      kFetchAgain + kStl10Address);
    }
    for (const uint8_t label : bytes) {
      if (label < 1 || label > kClasses) {
        throw DataError(path + " is damaged: it holds the label " + std::to_string(label) +
                        ", and labels are 1 to 10" + kFetchAgain + kStl10Address);
      }
      labels_.push_back(static_cast<int8_t>(label - 1));
    }
  }

  std::string name_;
  MappedFile images_;
  std::vector<int8_t> labels_;
  std::unique_ptr<std::atomic<bool>[]> asked_;  // of each image, whether AskFor was called
  int64_t first_id_ = -1;
};

std::vector<std::string> ReadClasses(const std::string& root) {
  constexpr size_t kMostBytes = 65536;
  std::vector<std::string> names;
  std::string text, ignored;
  ReadWholeFile(fs::path(root) / "class_names.txt", kMostBytes, text, &ignored);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.size() == kClasses) return names;
  return {"airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"};
}

class Stl10Set final : public ImageSet {
 public:
  Stl10Set(const std::string& root, const std::vector<std::string>& splits)
      : classes_(ReadClasses(root)) {
    for (const std::string& name : splits) {
      training_.push_back(&Open(root, name));
      training_.back()->SetFirstId(size_);
      size_ += training_.back()->size();
    }
    for (const std::string name : {"train", "test"}) {
      if (IsThere(ImageFile(root, name))) Open(root, name);
      if (why_not_.empty()) why_not_ = WhyUnlabelled(root, name);
    }
  }

  uint64_t size() const override { return size_; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    const auto [split, index] = Locate(id);
    return split->Fetch(index, storage);
  }
  void CheckFiles() const override {
    for (const auto& [name, split] : splits_) split->CheckFile();
  }
  int image_height() const override { return kStl10Side; }
  int image_width() const override { return kStl10Side; }
  std::string ImageName(uint64_t id) const override {
    const auto [split, index] = Locate(id);
    return split->ImageName(index);
  }
  std::string Description() const override {
    std::string names;
    for (const Split* split : training_) names += (names.empty() ? "" : " + ") + split->name();
    return "STL-10, " + names + ": " + ShowCount(size_) + " images 96x96";
  }
  const std::vector<std::string>& classes() const override { return classes_; }
  Evaluation evaluation() const override {
    if (!why_not_.empty()) return {nullptr, nullptr, false, why_not_};
    return {splits_.at("train").get(), splits_.at("test").get(), false, {}};
  }

 private:
  Split& Open(const std::string& root, const std::string& name) {
    auto& split = splits_[name];
    if (!split) split = std::make_unique<Split>(root, name);
    return *split;
  }

  std::string WhyUnlabelled(const std::string& root, const std::string& name) const {
    const auto found = splits_.find(name);
    if (found == splits_.end()) return ImageFile(root, name) + " is not there";
    if (!found->second->labelled()) return LabelFile(root, name) + " is not there";
    return {};
  }

  std::pair<const Split*, uint64_t> Locate(uint64_t id) const {
    for (const Split* split : training_) {
      if (id < split->size()) return {split, id};
      id -= split->size();
    }
    throw std::logic_error("image id beyond the data set");
  }

  std::vector<std::string> classes_;
  std::map<std::string, std::unique_ptr<Split>> splits_;
  std::vector<Split*> training_;
  uint64_t size_ = 0;
  std::string why_not_;
};

// The folder above or below `root` that holds a split; empty: neither.
std::string NearbyFolder(const std::string& root, const std::string& split) {
  const fs::path nested = fs::path(root) / "stl10_binary";
  if (IsThere(ImageFile(nested, split))) return nested;
  const fs::path above = fs::absolute(root).lexically_normal() / "..";
  if (IsThere(ImageFile(above, split))) return above.lexically_normal().parent_path();
  return {};
}

[[noreturn]] void MissingSplit(const std::string& root, const std::string& split,
                               const OptionNames& names) {
  const std::string name = NameOf(names, "root");
  std::string text =
      "the folder " + root + ", which " + name + " names, holds no " + split + "_X.bin";
  if (HoldsStl10(root)) {
    text += ". Unpack stl10_binary.tar.gz there again, or name the splits that are there in " +
            NameOf(names, "splits");
  } else if (const std::string nearby = NearbyFolder(root, split); !nearby.empty()) {
    text += ", but " + nearby + " does: set " + name + " to " + nearby;
  } else if (const std::string advice = AdviceOnFolder(root, names); !advice.empty()) {
    text += advice;
  } else {
    std::error_code ignored;
    if (fs::is_empty(root, ignored)) text += ": it is empty. If a disk is to be there, mount it";
    text += std::string(". STL-10 comes from ") + kStl10Address;
  }
  throw ConfigError(text);
}

}  // namespace

bool HoldsStl10(const std::string& root) {
  const auto holds = [&](const char* split) { return IsThere(ImageFile(root, split)); };
  return holds("train") || holds("test") || holds("unlabeled");
}

void CheckStl10Splits(const std::vector<std::string>& splits, const OptionNames& names) {
  if (splits.empty()) {
    throw ConfigError(NameOf(names, "splits") +
                      " is empty: name the STL-10 files to train on, of train, test and unlabeled");
  }
  std::set<std::string> seen;
  for (const std::string& split : splits) {
    if (split != "train" && split != "test" && split != "unlabeled") {
      throw ConfigError("STL-10 has no split '" + split +
                        "': there are train, test and unlabeled (" + NameOf(names, "splits") + ')');
    }
    if (!seen.insert(split).second) {
      throw ConfigError("the split '" + split + "' stands twice in " + NameOf(names, "splits"));
    }
  }
}

std::unique_ptr<ImageSet> OpenStl10(const std::string& root, const std::vector<std::string>& splits,
                                    const OptionNames& names) {
  CheckStl10Splits(splits, names);
  NeedFolder(root, names);
  for (const std::string& split : splits) {
    if (!IsThere(ImageFile(root, split))) MissingSplit(root, split, names);
  }
  return std::make_unique<Stl10Set>(root, splits);
}

}  // namespace flowtrain
