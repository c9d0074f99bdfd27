#include "nodes/decode/decode_bmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/decode_testing.h"

namespace flowtrain::bmp_test {
namespace {

using ::testing::HasSubstr;

void Put(Bytes& file, uint32_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) file.push_back(static_cast<uint8_t>(number >> 8 * i));
}

struct BmpOptions {
  uint32_t header_bytes = 40;
  int bits = 24;
  uint32_t compression = 0;
  std::vector<uint32_t> masks = {};
  Bytes palette = {};  // red, green, blue
  bool top_down = false;
};

constexpr int kHeight = 3, kWidth = 5;

// A file of kHeight x kWidth pixels around the data of its pixels.
Bytes WriteBmp(const BmpOptions& options, const Bytes& data) {
  Bytes header;
  Put(header, options.header_bytes, 4);
  if (options.header_bytes == 12) {
    Put(header, kWidth, 2), Put(header, kHeight, 2);
    Put(header, 1, 2), Put(header, static_cast<uint32_t>(options.bits), 2);
  } else {
    Put(header, kWidth, 4);
    Put(header, static_cast<uint32_t>(options.top_down ? -kHeight : kHeight), 4);
    Put(header, 1, 2), Put(header, static_cast<uint32_t>(options.bits), 2);
    Put(header, options.compression, 4);
    Put(header, 0, 4), Put(header, 0, 4), Put(header, 0, 4);
    Put(header, static_cast<uint32_t>(options.palette.size() / 3), 4);
    Put(header, 0, 4);
    header.resize(std::min<size_t>(header.size(), options.header_bytes));
    for (const uint32_t mask : options.masks) Put(header, mask, 4);
    header.resize(std::max<size_t>(header.size(), options.header_bytes));
  }
  for (size_t i = 0; i < options.palette.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) header.push_back(options.palette[i + 2 - c]);
    if (options.header_bytes != 12) header.push_back(0);
  }
  Bytes file = {'B', 'M'};
  Put(file, static_cast<uint32_t>(14 + header.size() + data.size()), 4);
  Put(file, 0, 4), Put(file, static_cast<uint32_t>(14 + header.size()), 4);
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

// Rows of 32 bits' whole words, the last one first unless the image is top-down.
template <typename PutPixel>
Bytes Rows(const BmpOptions& options, PutPixel put_pixel) {
  Bytes data;
  for (int i = 0; i < kHeight; ++i) {
    const int y = options.top_down ? i : kHeight - 1 - i;
    uint32_t bits = 0;
    int held = 0;
    for (int x = 0; x < kWidth; ++x) {
      const uint32_t pixel = put_pixel(y, x);
      if (options.bits >= 8) {
        Put(data, pixel, options.bits / 8);
        continue;
      }
      bits = bits << options.bits | pixel;
      held += options.bits;
      if (held == 8) data.push_back(static_cast<uint8_t>(bits)), held = 0;
    }
    if (held > 0) data.push_back(static_cast<uint8_t>(bits << (8 - held)));
    while (data.size() % 4 != 0) data.push_back(0);
  }
  return data;
}

uint32_t Index(int y, int x, int colours) { return static_cast<uint32_t>((3 * y + x) % colours); }

TEST(DecodeBmp, LooksUpThePaletteWhateverTheHeader) {
  for (const uint32_t header_bytes : {12u, 40u, 52u, 56u, 64u, 108u, 124u}) {
    for (const int bits : {1, 2, 4, 8}) {
      for (const bool top_down : {false, true}) {
        if (top_down && header_bytes == 12) continue;
        BmpOptions options{.header_bytes = header_bytes, .bits = bits, .top_down = top_down};
        const int colours = 1 << bits;
        for (int i = 0; i < 3 * colours; ++i) {
          options.palette.push_back(static_cast<uint8_t>(i * 37 + 11));
        }
        Raw expected{kHeight, kWidth, 3, {}};
        const Bytes data = Rows(options, [&](int y, int x) { return Index(y, x, colours); });
        for (int y = 0; y < kHeight; ++y) {
          for (int x = 0; x < kWidth; ++x) {
            const auto at = options.palette.begin() + 3 * static_cast<long>(Index(y, x, colours));
            expected.values.insert(expected.values.end(), at, at + 3);
          }
        }
        const Decoded decoded = Decode(WriteBmp(options, data));
        ASSERT_TRUE(decoded.ok) << decoded.why;
        EXPECT_EQ(LargestDifference(decoded, expected), 0)
            << "header of " << header_bytes << ", " << bits << " bits, top-down " << top_down;
      }
    }
  }
}

TEST(DecodeBmp, Takes24And32BitsAndDropsTheFourth) {
  const Raw image = SmoothImage(kHeight, kWidth, 3);
  for (const uint32_t header_bytes : {12u, 40u, 64u, 124u}) {
    for (const int bits : {24, 32}) {
      const BmpOptions options{.header_bytes = header_bytes, .bits = bits};
      const Bytes data = Rows(options, [&](int y, int x) {
        const uint8_t* rgb = image.values.data() + 3 * (y * kWidth + x);
        return 0x55u << 24 | static_cast<uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
      });
      const Decoded decoded = Decode(WriteBmp(options, data));
      ASSERT_TRUE(decoded.ok) << decoded.why;
      EXPECT_EQ(LargestDifference(decoded, image), 0) << header_bytes << ", " << bits;
    }
  }
}

struct Masks {
  int bits;
  std::vector<uint32_t> masks = {};
};

TEST(DecodeBmp, TakesColoursAsTheMasksSay) {
  for (const Masks& test :
       {Masks{16, {}},  // 5 bits each
        Masks{16, {0xF800, 0x7E0, 0x1F}}, Masks{16, {0xF, 0xF0, 0xF00}},
        Masks{32, {0xFF000000, 0xFF0000, 0xFF00}}, Masks{32, {0xFF, 0xFF00, 0xFF0000}},
        Masks{32, {0x3FF00000, 0xFFC00, 0x3FF}}, Masks{32, {0xFF0000, 0xFF00, 0xFF, 0xFF000000}}}) {
    for (const uint32_t header_bytes : {40u, 56u, 108u, 124u}) {
      if (test.masks.size() == 4 && header_bytes == 40) continue;  // has no place for alpha's
      BmpOptions options{.header_bytes = header_bytes, .bits = test.bits, .masks = test.masks};
      options.compression = test.masks.empty() ? 0 : 3;
      const std::vector<uint32_t> masks =
          test.masks.empty() ? std::vector<uint32_t>{0x7C00, 0x3E0, 0x1F} : test.masks;
      // Each channel at 0, in the middle, or at its most.
      const auto level = [](int y, int x, int c) { return (y + x + c) % 3; };
      Raw expected{kHeight, kWidth, 3, {}};
      const Bytes data = Rows(options, [&](int y, int x) {
        uint32_t pixel = 0;
        for (int c = 0; c < 3; ++c) {
          const uint32_t mask = masks[static_cast<size_t>(c)], low = mask & ~(mask - 1);
          const uint32_t most = mask / low;
          const uint32_t value = static_cast<uint32_t>(level(y, x, c)) * most / 2;
          pixel |= value * low;
        }
        return pixel;
      });
      for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
          for (int c = 0; c < 3; ++c) {
            const uint32_t mask = masks[static_cast<size_t>(c)];
            const double most = mask / (mask & ~(mask - 1));
            const double value = std::floor(level(y, x, c) * most / 2);
            expected.values.push_back(static_cast<uint8_t>(std::lround(value * 255 / most)));
          }
        }
      }
      const Decoded decoded = Decode(WriteBmp(options, data));
      ASSERT_TRUE(decoded.ok) << decoded.why;
      EXPECT_LE(LargestDifference(decoded, expected), masks[0] > 0xFFFFFF ? 1 : 0)
          << test.bits << " bits, header of " << header_bytes;
    }
  }
}

const Bytes kSixteen = [] {
  Bytes palette;
  for (int i = 0; i < 48; ++i) palette.push_back(static_cast<uint8_t>(5 * i));
  return palette;
}();

Raw FromIndices(const std::vector<int>& indices) {
  Raw raw{kHeight, kWidth, 3, {}};
  for (const int index : indices) {
    for (int c = 0; c < 3; ++c) raw.values.push_back(static_cast<uint8_t>(5 * (3 * index + c)));
  }
  return raw;
}

TEST(DecodeBmp, ExpandsRunLengths) {
  // Bottom row: five times 2. Middle row: 1 2 3 as they are, then two skipped. Top row: three
  // skipped, then two of 4.
  const Raw expected = FromIndices({0, 0, 0, 4, 4, 1, 2, 3, 0, 0, 2, 2, 2, 2, 2});
  BmpOptions options{.bits = 8, .compression = 1, .palette = kSixteen};
  Decoded decoded =
      Decode(WriteBmp(options, {5, 2, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 3, 0, 2, 4, 0, 0, 0, 1}));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, expected), 0);
  options.bits = 4;
  options.compression = 2;
  decoded = Decode(
      WriteBmp(options, {5, 0x22, 0, 0, 0, 3, 0x12, 0x30, 0, 0, 0, 2, 3, 0, 2, 0x44, 0, 0, 0, 1}));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, expected), 0);
}

// As in Pillow: pixels behind the last code are missing, whether it says that it is the last or not.
TEST(DecodeBmp, RefusesRunLengthsThatEndEarly) {
  const BmpOptions options{.bits = 8, .compression = 1, .palette = kSixteen};
  for (const bool marked : {false, true}) {
    const auto why = [&](Bytes codes) {
      if (marked) codes.insert(codes.end(), {0, 1});
      return Decode(WriteBmp(options, codes)).why;
    };
    EXPECT_EQ(why({5, 2, 0, 0, 5, 3, 0, 0, 5, 4}), "");
    EXPECT_EQ(why({5, 2, 0, 0, 5, 3, 0, 0, 5, 4, 0, 0}), "");
    EXPECT_EQ(why({5, 2, 0, 0, 5, 3, 0, 0, 4, 4}), "cut-off BMP: it ends at 66 % of its rows");
    EXPECT_EQ(why({5, 2, 0, 0, 5, 3}), "cut-off BMP: it ends at 33 % of its rows");
    EXPECT_EQ(why({}), "cut-off BMP: it ends at 0 % of its rows");
  }
}

// Where the file does not say where its pixels are, they follow the palette.
TEST(DecodeBmp, FindsPixelsWhoseOffsetIsNotGiven) {
  const auto place = [](Bytes file, uint32_t offset) {
    for (size_t i = 0; i < 4; ++i) file[10 + i] = static_cast<uint8_t>(offset >> 8 * i);
    return file;
  };
  const Raw image = SmoothImage(kHeight, kWidth, 3);
  BmpOptions options;
  Bytes data = Rows(options, [&](int y, int x) {
    const uint8_t* rgb = image.values.data() + 3 * (y * kWidth + x);
    return static_cast<uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
  });
  EXPECT_EQ(LargestDifference(Decode(place(WriteBmp(options, data), 0)), image), 0);

  std::vector<int> indices;
  for (int i = 0; i < kHeight * kWidth; ++i) indices.push_back(3 * (i / kWidth) + i % kWidth);
  options = {.bits = 8, .palette = kSixteen};
  data = Rows(options, [](int y, int x) { return Index(y, x, 16); });
  for (const uint32_t offset : {0u, 14u + 40u}) {
    const Decoded decoded = Decode(place(WriteBmp(options, data), offset));
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_EQ(LargestDifference(decoded, FromIndices(indices)), 0) << offset;
  }
  EXPECT_EQ(Decode(place(WriteBmp(options, data), 20)).why,
            "damaged BMP: its pixels would begin within its header");
}

TEST(DecodeBmp, RefusesByName) {
  const auto why = [](const BmpOptions& options, size_t data = 200) {
    const Decoded decoded = Decode(WriteBmp(options, Bytes(data, 1)));
    EXPECT_FALSE(decoded.ok);
    return decoded.why;
  };
  EXPECT_EQ(why({.compression = 4}), "BMP that holds a JPEG: not supported");
  EXPECT_EQ(why({.bits = 1, .compression = 3}), "BMP with compression 3 of 1 bits: not supported");
  EXPECT_EQ(why({.bits = 64}), "BMP of 64 bits a pixel: not supported");
  EXPECT_EQ(why({.header_bytes = 200}), "BMP with a header of 200 bytes: not supported");
  EXPECT_EQ(why({.bits = 16, .compression = 3, .masks = {0xF0F, 0xF0, 0xF000}}),
            "BMP with a colour mask of separate bits: not supported");
  EXPECT_EQ(why({.bits = 8, .palette = {1, 2, 3}}), "damaged BMP: a colour is not in its palette");
  EXPECT_EQ(why({}, 16), "cut-off BMP: it ends at 33 % of its rows");
  EXPECT_EQ(why({.bits = 8, .compression = 1, .palette = kSixteen}, 3),
            "cut-off BMP: it ends at 0 % of its rows");
}

TEST(DecodeBmp, AHugeClaimIsRefusedBeforeMemoryIsTaken) {
  Bytes file = WriteBmp({}, {});
  file[20] = file[24] = 1;  // the third byte of each side
  RgbImage image;
  std::string why;
  EXPECT_FALSE(DecodeBmp(file, 1000, image, &why));
  EXPECT_THAT(why, HasSubstr("it is too large: 65541x65539 pixels"));
  EXPECT_TRUE(image.storage.empty());
}

}  // namespace
}  // namespace flowtrain::bmp_test
