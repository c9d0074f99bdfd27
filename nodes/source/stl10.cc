#include "nodes/source/stl10.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "nodes/source/mapped_file.h"
#include "pipeline/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kImageBytes = size_t{3} * kStl10Side * kStl10Side;
constexpr int kClasses = 10;

std::string Path(const std::string& root, const std::string& split, const char* suffix) {
  return (fs::path(root) / (split + suffix)).string();
}

// The images of one file, with their labels where the split has some.
class Split {
 public:
  Split(const std::string& root, const std::string& name)
      : name_(name + "_X.bin"), images_(Path(root, name, "_X.bin")) {
    if (images_.bytes().size() % kImageBytes != 0) {
      throw DataError(images_.path() + " has " + std::to_string(images_.bytes().size()) +
                      " bytes, no whole number of 96x96 images (27648 bytes each): the file is cut "
                      "short or is another; unpack stl10_binary.tar.gz again");
    }
    const std::string labels = Path(root, name, "_y.bin");
    if (fs::exists(labels)) ReadLabels(labels);
  }

  uint64_t size() const { return images_.bytes().size() / kImageBytes; }
  bool labelled() const { return !labels_.empty(); }
  EncodedImage Image(uint64_t i) const {
    EncodedImage image;
    image.bytes = images_.bytes().subspan(i * kImageBytes, kImageBytes);
    image.encoding = Encoding::kStl10Planes;
    image.height = image.width = kStl10Side;
    image.label = labelled() ? labels_[i] : -1;
    return image;
  }
  std::string Name(uint64_t i) const { return name_ + '[' + std::to_string(i) + ']'; }

 private:
  void ReadLabels(const std::string& path) {
    const MappedFile file(path);
    if (file.bytes().size() != size()) {
      throw DataError(path + " has " + std::to_string(file.bytes().size()) + " labels, " +
                      images_.path() + ' ' + std::to_string(size()) + " images");
    }
    for (const uint8_t label : file.bytes()) {
      if (label < 1 || label > kClasses) {
        throw DataError(path + " has the label " + std::to_string(label) + ", not one of 1 to 10");
      }
      labels_.push_back(label - 1);
    }
  }

  std::string name_;
  MappedFile images_;
  std::vector<int32_t> labels_;
};

// Splits one after the other.
class Stl10Set final : public ImageSet {
 public:
  Stl10Set(const std::string& root, const std::vector<std::string>& splits) {
    for (const std::string& name : splits) {
      splits_.push_back(std::make_unique<Split>(root, name));
      size_ += splits_.back()->size();
    }
  }

  uint64_t size() const override { return size_; }
  Encoding encoding() const override { return Encoding::kStl10Planes; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>&) const override {
    const auto [split, i] = Locate(id);
    return split->Image(i);
  }
  std::string Name(uint64_t id) const override {
    const auto [split, i] = Locate(id);
    return split->Name(i);
  }
  bool labelled() const { return splits_.front()->labelled(); }

 private:
  std::pair<const Split*, uint64_t> Locate(uint64_t id) const {
    size_t s = 0;
    while (id >= splits_[s]->size()) id -= splits_[s++]->size();
    return {splits_[s].get(), id};
  }

  std::vector<std::unique_ptr<Split>> splits_;
  uint64_t size_ = 0;
};

LabelledImages OpenLabelled(const std::string& root) {
  LabelledImages labelled;
  for (const char* file : {"train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"}) {
    if (!fs::exists(fs::path(root) / file)) {
      labelled.why_not = std::string(file) + " is not in " + root;
      return labelled;
    }
  }
  labelled.bank = std::make_shared<Stl10Set>(root, std::vector<std::string>{"train"});
  labelled.queries = std::make_shared<Stl10Set>(root, std::vector<std::string>{"test"});
  labelled.classes = kClasses;
  return labelled;
}

}  // namespace

std::vector<std::string> Stl10Files(const std::string& root,
                                    const std::vector<std::string>& splits) {
  std::vector<std::string> files;
  for (const std::string& split : splits) files.push_back(Path(root, split, "_X.bin"));
  return files;
}

OpenedDataset OpenStl10(const std::string& root, const std::vector<std::string>& splits) {
  if (splits.empty()) throw ConfigError("data.splits is empty: name train, test or unlabeled");
  std::string names;
  for (size_t i = 0; i < splits.size(); ++i) {
    if (std::count(splits.begin(), splits.end(), splits[i]) > 1) {
      throw ConfigError("data.splits names '" + splits[i] + "' twice");
    }
    names += (i == 0 ? "" : ", ") + splits[i];
  }
  OpenedDataset opened;
  opened.train = std::make_shared<Stl10Set>(root, splits);
  opened.labelled = OpenLabelled(root);
  opened.description = "STL-10 (" + names + "), 96x96";
  return opened;
}

}  // namespace flowtrain
