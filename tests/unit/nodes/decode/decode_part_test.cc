// Parts of a JPEG: the pixels of the whole image, decoded at the same scale.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "nodes/decode/decode_jpeg.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/oriented_part.h"
#include "pipeline/base/philox.h"
#include "tests/support/decode_testing.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

// A part of height 0 stands for the whole.
class Fixed final : public PartChooser {
 public:
  explicit Fixed(const WantedPart& part) : part_(part) {}
  WantedPart Choose(int height, int width) const override {
    if (part_.height > 0) return part_;
    return {0, 0, height, width, part_.shrink};
  }

 private:
  const WantedPart part_;
};

Raw Noise(int height, int width, int channels, Rng& rng) {
  Raw image{height, width, channels, {}};
  int value = 128;
  for (int i = 0; i < height * width * channels; ++i) {
    value = (3 * value + static_cast<int>(rng.Below(256))) / 4;
    image.values.push_back(static_cast<uint8_t>(value));
  }
  return image;
}

RgbImage DecodePart(const Bytes& file, const WantedPart& part, DecodeScratch& scratch) {
  RgbImage image;
  std::string why;
  EXPECT_TRUE(DecodeJpeg(file, scratch, nullptr, image, &why)) << why;
  const int height = image.height, width = image.width;
  const Fixed chooser(part);
  EXPECT_TRUE(DecodeJpeg(file, scratch, &chooser, image, &why)) << why;
  EXPECT_EQ(image.full_height, height);
  EXPECT_EQ(image.full_width, width);
  return image;
}

// Compares the wanted pixels of `part` with those of `whole`; both reduced alike.
void ExpectSame(const RgbImage& part, const RgbImage& whole, const WantedPart& wanted) {
  ASSERT_EQ(part.shrink, whole.shrink);
  const int s = part.shrink;
  const int top = wanted.top / s, left = wanted.left / s;
  const int bottom = (wanted.top + wanted.height + s - 1) / s;
  const int right = (wanted.left + wanted.width + s - 1) / s;
  ASSERT_LE(part.top, top);
  ASSERT_LE(part.left, left);
  ASSERT_GE(part.top + part.height, bottom);
  ASSERT_GE(part.left + part.width, right);
  const auto row_of = [](const RgbImage& image, int y, int x) {
    return image.pixels.data() +
           (static_cast<size_t>(y - image.top) * static_cast<size_t>(image.width) +
            static_cast<size_t>(x - image.left)) *
               3;
  };
  for (int y = top; y < bottom; ++y) {
    const auto bytes = static_cast<size_t>(right - left) * 3;
    ASSERT_TRUE(
        std::equal(row_of(part, y, left), row_of(part, y, left) + bytes, row_of(whole, y, left)))
        << "row " << y << " of " << top << " to " << bottom << ", shrink " << s;
  }
}

WantedPart RandomPart(int height, int width, int shrink, Rng& rng) {
  const auto below = [&](int n) { return static_cast<int>(rng.Below(static_cast<uint64_t>(n))); };
  WantedPart part;
  part.height = 1 + below(height);
  part.width = 1 + below(width);
  part.top = below(height - part.height + 1);
  part.left = below(width - part.width + 1);
  part.shrink = shrink;
  return part;
}

void ExpectPartsOf(const Bytes& file, int height, int width, int shrink, Rng& rng) {
  DecodeScratch scratch;
  const RgbImage whole = DecodePart(file, {.shrink = shrink}, scratch);
  for (int i = 0; i < 12; ++i) {
    const WantedPart wanted = RandomPart(height, width, shrink, rng);
    const RgbImage part = DecodePart(file, wanted, scratch);
    ExpectSame(part, whole, wanted);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

struct Sampling {
  int x, y;
};

TEST(DecodePart, HasThePixelsOfTheWhole) {
  Rng rng({.seed = 3, .purpose = kTesting});
  for (const auto& [x, y] : {Sampling{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {1, 4}}) {
    for (const bool progressive : {false, true}) {
      for (const auto& [height, width] : {std::pair{97, 131}, {64, 64}, {33, 200}, {150, 17}}) {
        JpegOptions options;
        options.sampling_x = x;
        options.sampling_y = y;
        options.progressive = progressive;
        options.restart_rows = progressive ? 0 : 2;
        const Bytes file = WriteJpeg(Noise(height, width, 3, rng), options);
        for (const int shrink : {1, 2, 4, 8}) {
          SCOPED_TRACE(std::to_string(x) + 'x' + std::to_string(y) +
                       (progressive ? " progressive " : " ") + std::to_string(height) + 'x' +
                       std::to_string(width));
          ExpectPartsOf(file, height, width, shrink, rng);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(DecodePart, TakesGreyAndCmyk) {
  Rng rng({.seed = 4, .purpose = kTesting});
  for (const int channels : {1, 4}) {
    for (const bool ycck : {false, true}) {
      JpegOptions options;
      options.ycck = ycck && channels == 4;
      const Bytes file = WriteJpeg(Noise(70, 90, channels, rng), options);
      for (const int shrink : {1, 2, 4, 8}) {
        ExpectPartsOf(file, 70, 90, shrink, rng);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(DecodePart, IsOfTheUprightImage) {
  Rng rng({.seed = 5, .purpose = kTesting});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    JpegOptions options;
    options.orientation = orientation;
    const bool swap = orientation >= 5;
    for (const auto& [height, width] : {std::pair{64, 96}, {61, 83}}) {
      const Bytes file = WriteJpeg(Noise(height, width, 3, rng), options);
      for (const int shrink : {1, 2, 8}) {
        SCOPED_TRACE("orientation " + std::to_string(orientation));
        ExpectPartsOf(file, swap ? width : height, swap ? height : width, shrink, rng);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(DecodePart, RectanglesFindTheirWayBack) {
  Rng rng({.seed = 6, .purpose = kTesting});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const WantedPart wanted =
        RandomPart(orientation >= 5 ? 50 : 30, orientation >= 5 ? 30 : 50, 1, rng);
    const Rectangle upright{wanted.top, wanted.left, wanted.height, wanted.width};
    const Rectangle stored = StoredRectangle(upright, orientation, 30, 50);
    EXPECT_LE(stored.top + stored.height, 30);
    EXPECT_LE(stored.left + stored.width, 50);
    const Rectangle back = UprightRectangle(stored, orientation, 30, 50);
    EXPECT_EQ(back.top, upright.top) << orientation;
    EXPECT_EQ(back.left, upright.left) << orientation;
    EXPECT_EQ(back.height, upright.height);
    EXPECT_EQ(back.width, upright.width);
  }
}

TEST(DecodePart, ACutOffFileIsRefusedThoughThePartIsThere) {
  Rng rng({.seed = 7, .purpose = kTesting});
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const Bytes file = WriteJpeg(Noise(200, 200, 3, rng), options);
    DecodeScratch scratch;
    RgbImage image;
    std::string why;
    for (const int shrink : {1, 2, 4, 8}) {
      const Fixed top({.top = 0, .left = 0, .height = 20, .width = 20, .shrink = shrink});
      ASSERT_TRUE(DecodeJpeg(file, scratch, &top, image, &why)) << why;
      for (size_t size = 700; size < file.size(); size += 1 + (file.size() - size) / 20) {
        EXPECT_FALSE(DecodeJpeg({file.data(), size}, scratch, &top, image, &why)) << size;
        EXPECT_THAT(why, HasSubstr("cut-off JPEG: "));
      }
    }
  }
}

// Rows above the part are read, though not kept; those below are not, and cost it no pixel.
TEST(DecodePart, DamageCountsFromTheFirstRowToThePartsLast) {
  Rng rng({.seed = 10, .purpose = kTesting});
  JpegOptions options;
  options.restart_rows = 1;
  const Bytes sound = WriteJpeg(Noise(200, 200, 3, rng), options);
  const auto damaged_at = [&](double share) {
    Bytes file = sound;
    const auto at = static_cast<long>(share * static_cast<double>(file.size()));
    std::fill(file.begin() + at, file.begin() + at + 300, uint8_t{0});
    return file;
  };
  DecodeScratch scratch;
  std::string why;
  for (const int shrink : {1, 2, 4, 8}) {
    const WantedPart wanted{.top = 80, .left = 50, .height = 40, .width = 60, .shrink = shrink};
    const Fixed part(wanted);
    RgbImage image;
    EXPECT_FALSE(DecodeJpeg(damaged_at(0.2), scratch, &part, image, &why)) << shrink;
    EXPECT_FALSE(DecodeJpeg(damaged_at(0.5), scratch, &part, image, &why)) << shrink;
    ASSERT_TRUE(DecodeJpeg(damaged_at(0.85), scratch, &part, image, &why)) << why;
    ExpectSame(image, DecodePart(sound, {.shrink = shrink}, scratch), wanted);
  }
}

TEST(DecodePart, ReadsNoMoreThanThePartNeeds) {
  Rng rng({.seed = 8, .purpose = kTesting});
  const Bytes file = WriteJpeg(Noise(400, 400, 3, rng));
  DecodeScratch scratch;
  const RgbImage image =
      DecodePart(file, {.top = 100, .left = 200, .height = 50, .width = 60, .shrink = 1}, scratch);
  EXPECT_EQ(image.height, 50);
  EXPECT_LT(image.width, 60 + 2 * 20);
}

TEST(DecodePart, OneDecompressorServesSoundAndDamagedFiles) {
  Rng rng({.seed = 9, .purpose = kTesting});
  const Bytes sound = WriteJpeg(Noise(60, 60, 3, rng));
  Bytes damaged = sound;
  std::fill(damaged.begin() + 700, damaged.begin() + 900, uint8_t{0xFF});
  DecodeScratch scratch;
  RgbImage image;
  std::string why;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(DecodeJpeg(sound, scratch, nullptr, image, &why)) << why;
    EXPECT_FALSE(DecodeJpeg(damaged, scratch, nullptr, image, &why));
    EXPECT_FALSE(DecodeJpeg({sound.data(), 30}, scratch, nullptr, image, &why));
  }
}

}  // namespace
}  // namespace flowtrain
