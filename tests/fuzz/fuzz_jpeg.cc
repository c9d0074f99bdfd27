// JPEG, whole and in part. The last bytes of an input choose the part.
#include "nodes/decode/decode_jpeg.h"
#include "nodes/decode/decode_scratch.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

class Chooser final : public PartChooser {
 public:
  explicit Chooser(fuzz::Tail& tail) {
    for (uint32_t& number : numbers_) number = tail.Below(65536);
  }
  WantedPart Choose(int height, int width) const override {
    WantedPart part;
    part.height = 1 + Below(0, height);
    part.width = 1 + Below(1, width);
    part.top = Below(2, height - part.height + 1);
    part.left = Below(3, width - part.width + 1);
    part.shrink = 1 << Below(4, 4);
    return part;
  }

 private:
  int Below(size_t number, int bound) const { return static_cast<int>(numbers_[number]) % bound; }

  uint32_t numbers_[5] = {};
};

void CheckImage(const RgbImage& image) {
  const auto area = static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
  fuzz::Require(image.height > 0 && image.width > 0, "an image has pixels");
  fuzz::Require(image.pixels.size() == 3 * area, "as many as its size says");
}

void CheckPart(const RgbImage& part, const WantedPart& wanted) {
  CheckImage(part);
  const int s = part.shrink;
  fuzz::Require(s <= wanted.shrink, "a part is reduced no more than it may be");
  fuzz::Require(part.top * s <= wanted.top && part.left * s <= wanted.left, "it begins in time");
  fuzz::Require((part.top + part.height) * s >= wanted.top + wanted.height &&
                    (part.left + part.width) * s >= wanted.left + wanted.width,
                "and does not end before what is wanted");
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  fuzz::Bytes file(data, size);
  DecodeScratch scratch;
  scratch.max_pixels = 250'000;  // so that no input is slow
  RgbImage image;
  std::string why;
  if (!IsJpeg(file)) return 0;
  if (DecodeJpeg(file, scratch, nullptr, image, &why)) {
    CheckImage(image);
  } else {
    fuzz::Require(!why.empty(), "a refusal has a reason");
  }
  fuzz::Tail tail(file);
  const Chooser chooser(tail);
  if (!IsJpeg(file)) return 0;
  if (DecodeJpeg(file, scratch, &chooser, image, &why)) {
    CheckPart(image, chooser.Choose(image.full_height, image.full_width));
  }
  return 0;
}
