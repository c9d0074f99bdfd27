#include "nodes/data/stl10_set.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <sstream>

#include "nodes/data/data_root.h"
#include "nodes/data/split_set.h"
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

const char* kFetchAgain = "; to get it again, move the folder away, then: flowtrain fetch stl10";

class Stl10Split final : public Split {
 public:
  Stl10Split(const std::string& root, const std::string& name)
      : Split(name), images_(ImageFile(root, name)) {
    const size_t bytes = images_.bytes().size();
    if (bytes == 0) throw DataError(ImageFile(root, name) + " is empty" + kFetchAgain);
    if (bytes % kStl10ImageBytes != 0) {
      throw DataError(ImageFile(root, name) + " is damaged or cut off: it has " + ShowCount(bytes) +
                      " bytes, which is not a multiple of the " + ShowCount(kStl10ImageBytes) +
                      " of a 96x96 image" + kFetchAgain);
    }
    if (IsThere(LabelFile(root, name))) ReadLabels(LabelFile(root, name));
    asked_ = std::make_unique<std::atomic<bool>[]>(size());
  }

  bool labelled() const override { return !labels_.empty(); }
  uint64_t size() const override { return images_.bytes().size() / kStl10ImageBytes; }
  std::string Name() const override { return "STL-10 " + name(); }
  void CheckFiles() const override { images_.CheckFile(); }

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
                      ShowCount(size()) + " images of " + name() +
                      "_X.bin: the files do not belong "
                      "together" +
                      kFetchAgain);
    }
    for (const uint8_t label : bytes) {
      if (label < 1 || label > kClasses) {
        throw DataError(path + " is damaged: it holds the label " + std::to_string(label) +
                        ", and labels are 1 to 10" + kFetchAgain);
      }
      labels_.push_back(static_cast<int8_t>(label - 1));
    }
  }

  MappedFile images_;
  std::vector<int8_t> labels_;
  std::unique_ptr<std::atomic<bool>[]> asked_;  // of each image, whether AskFor was called
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

std::string WhyUnlabelled(const std::string& root, const std::string& name,
                          const SplitSetParts& parts) {
  const auto found = parts.splits.find(name);
  if (found == parts.splits.end()) return ImageFile(root, name) + " is not there";
  if (!found->second->labelled()) return LabelFile(root, name) + " is not there";
  return {};
}

SplitSetParts PartsOf(const std::string& root, const std::vector<std::string>& splits) {
  SplitSetParts parts{"STL-10", kStl10Side, ReadClasses(root), {}, splits, {}};
  const auto open = [&](const std::string& name) {
    auto& split = parts.splits[name];
    if (!split) split = std::make_unique<Stl10Split>(root, name);
  };
  for (const std::string& name : splits) open(name);
  for (const std::string name : {"train", "test"}) {
    if (IsThere(ImageFile(root, name))) open(name);
    if (parts.why_not.empty()) parts.why_not = WhyUnlabelled(root, name, parts);
  }
  return parts;
}

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
    text +=
        ". Move the folder away and get it again (flowtrain fetch stl10), or name the splits that "
        "are there in " +
        NameOf(names, "splits");
  } else if (const std::string nearby = NearbyFolder(root, split); !nearby.empty()) {
    text += ", but " + nearby + " does: set " + name + " to " + nearby;
  } else if (const std::string advice = AdviceOnFolder(root, names); !advice.empty()) {
    text += advice;
  } else {
    std::error_code ignored;
    if (fs::is_empty(root, ignored)) text += ": it is empty. If a disk is to be there, mount it";
    text += ". To download STL-10: flowtrain fetch stl10";
  }
  throw ConfigError(text);
}

}  // namespace

std::vector<std::string> Stl10SplitsIn(const std::string& root) {
  std::vector<std::string> splits;
  for (const char* split : {"train", "unlabeled", "test"}) {
    if (IsThere(ImageFile(root, split))) splits.emplace_back(split);
  }
  return splits;
}

bool HoldsStl10(const std::string& root) { return !Stl10SplitsIn(root).empty(); }

void CheckStl10Splits(const std::vector<std::string>& splits, const OptionNames& names) {
  CheckSplitNames("STL-10", splits, {"train", "test", "unlabeled"}, names);
}

std::unique_ptr<ImageSet> OpenStl10(const std::string& root, const std::vector<std::string>& splits,
                                    const OptionNames& names) {
  CheckStl10Splits(splits, names);
  NeedFolder(root, names);
  for (const std::string& split : splits) {
    if (!IsThere(ImageFile(root, split))) MissingSplit(root, split, names);
  }
  return MakeSplitSet(PartsOf(root, splits));
}

}  // namespace flowtrain
