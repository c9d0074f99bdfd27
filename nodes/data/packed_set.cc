#include "nodes/data/packed_set.h"

#include <algorithm>
#include <vector>

#include "nodes/data/data_root.h"
#include "nodes/data/packed_file.h"
#include "nodes/data/unread_files.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

EncodedImage FetchPacked(const PackedFile& file, uint64_t image) {
  file.CheckReads();
  const PackedEntry& entry = file.entries()[image];
  EncodedImage out;
  out.encoding = Encoding::kRgb;
  out.label = entry.label;
  out.height = static_cast<int>(entry.height);
  out.width = static_cast<int>(entry.width);
  out.levels = static_cast<int>(entry.levels);
  bool damaged = false;
  const auto pixels = file.Pixels(image, &damaged);
  if (damaged) {
    out.error = "its checksum is wrong: " + file.path() + " is damaged, pack the data set again";
  } else {
    out.bytes = pixels;
    out.lost = file.lost();
  }
  return out;
}

// The images that are in one list of the evaluation.
class PackedList final : public LabelledImages {
 public:
  PackedList(const PackedFile& file, uint32_t list) : file_(file) {
    const auto entries = file.entries();
    for (uint64_t image = 0; image < entries.size(); ++image) {
      if ((entries[image].lists & list) != 0) images_.push_back(image);
    }
  }
  uint64_t size() const override { return images_.size(); }
  std::string Name() const override { return "packed " + file_.path(); }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>&) const override {
    return FetchPacked(file_, images_[index]);
  }
  std::string ImageName(uint64_t index) const override {
    return PrintableName(file_.Name(images_[index]));
  }
  int64_t TrainingId(uint64_t index) const override {
    const uint64_t image = images_[index];
    return image < file_.header().training ? static_cast<int64_t>(image) : -1;
  }

 private:
  const PackedFile& file_;
  std::vector<uint64_t> images_;
};

class PackedSet final : public ImageSet {
 public:
  explicit PackedSet(const std::string& path)
      : file_(path), bank_(file_, kPackedBank), queries_(file_, kPackedQuery) {
    const auto entries = file_.entries();
    const PackedEntry& first = entries.front();
    const bool same_size = std::all_of(entries.begin(), entries.end(), [&](const PackedEntry& one) {
      return one.height == first.height && one.width == first.width;
    });
    if (!same_size) return;
    height_ = static_cast<int>(first.height);
    width_ = static_cast<int>(first.width);
  }

  uint64_t size() const override { return file_.header().training; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>&) const override {
    return FetchPacked(file_, id);
  }
  void CheckFiles() const override { file_.CheckFile(); }
  int image_height() const override { return height_; }
  int image_width() const override { return width_; }
  std::string ImageName(uint64_t id) const override { return PrintableName(file_.Name(id)); }
  std::string Description() const override {
    std::string text = "packed " + file_.path() + ": " + ShowCount(size()) + " images";
    if (file_.header().max_side != 0) {
      text += " of at most " + std::to_string(file_.header().max_side) + " pixels a side";
    }
    return text + ", from " + file_.source();
  }
  std::vector<BadImageRow> LeftOut() const override {
    return ReadBadImageFile(BadImagesOf(file_.path()));
  }
  const std::vector<std::string>& classes() const override { return file_.classes(); }
  Evaluation evaluation() const override {
    if (!file_.why_not().empty()) return {nullptr, nullptr, false, file_.why_not()};
    if (bank_.size() == 0 || queries_.size() == 0) {
      return {nullptr, nullptr, false, file_.path() + " holds no labelled images"};
    }
    if (file_.header().leave_one_out != 0) return {&bank_, &bank_, true, {}};
    return {&bank_, &queries_, false, {}};
  }

 private:
  const PackedFile file_;
  const PackedList bank_, queries_;
  int height_ = 0, width_ = 0;  // of every image; 0 where they differ
};

}  // namespace

std::unique_ptr<ImageSet> OpenPacked(const std::string& path, const OptionNames& names) {
  NeedFile(path, "packed file", names);
  if (!IsPackedFile(path)) {
    throw ConfigError(PrintableName(path) + ", which " + NameOf(names, "root") +
                      " names, is not a packed data set; flowtrain pack makes one" +
                      AdviceOnFile(path, names));
  }
  return std::make_unique<PackedSet>(path);
}

std::string BadImagesOf(const std::string& packed_file) { return packed_file + ".bad_images.csv"; }

}  // namespace flowtrain
