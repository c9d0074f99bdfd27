#include "nodes/data/sample_set.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "nodes/data/draw_picture.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// The pictures first … first + count - 1 of a seed. Classes take turns, so each has as many.
class Pictures final : public LabelledImages {
 public:
  Pictures(uint64_t seed, uint64_t first, uint64_t count, int side)
      : seed_(seed), first_(first), count_(count), side_(side) {}

  std::string Name() const override {
    return first_ == 0 ? "built-in sample, pictures to train on" : "built-in sample, new pictures";
  }
  std::string ImageName(uint64_t index) const override {
    return "picture " + std::to_string(first_ + index) + " (" +
           kPictureClasses[static_cast<size_t>(Label(index))] + ')';
  }
  // The pictures to train on are the first ones.
  int64_t TrainingId(uint64_t index) const override {
    return first_ == 0 ? static_cast<int64_t>(index) : -1;
  }

  uint64_t size() const override { return count_; }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    const size_t side = static_cast<size_t>(side_);
    storage.resize(side * side * 3);
    EncodedImage image;
    image.label = Label(index);
    DrawPicture(seed_, first_ + index, image.label, side_, storage);
    image.bytes = storage;
    image.encoding = Encoding::kRgb;
    image.height = image.width = side_;
    return image;
  }
  int32_t Label(uint64_t index) const { return static_cast<int32_t>(index % kPictureClassCount); }

 private:
  uint64_t seed_, first_, count_;
  int side_;
};

class SampleSet final : public ImageSet {
 public:
  SampleSet(uint64_t seed, uint64_t images, int side)
      : side_(side),
        classes_(std::begin(kPictureClasses), std::end(kPictureClasses)),
        training_(seed, 0, images, side),
        fresh_(seed, images, std::max<uint64_t>(1, images / 4), side) {}

  uint64_t size() const override { return training_.size(); }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    return training_.Fetch(id, storage);
  }
  int image_height() const override { return side_; }
  int image_width() const override { return side_; }
  std::string ImageName(uint64_t id) const override { return training_.ImageName(id); }
  std::string Description() const override {
    const std::string side = std::to_string(side_);
    return "built-in sample: " + ShowCount(size()) + " pictures " + side + 'x' + side;
  }
  const std::vector<std::string>& classes() const override { return classes_; }
  Evaluation evaluation() const override { return {&training_, &fresh_, false, {}}; }

 private:
  int side_;
  std::vector<std::string> classes_;
  Pictures training_, fresh_;
};

}  // namespace

std::unique_ptr<ImageSet> MakeSampleSet(uint64_t seed, uint64_t images, int side) {
  return std::make_unique<SampleSet>(seed, images, side);
}

}  // namespace flowtrain
