#include "nodes/decode/decode_sun_raster.h"

#include <gtest/gtest.h>

#include "tests/support/decode_testing.h"

namespace flowtrain::sun_raster_test {
namespace {

constexpr uint32_t kStandard = 1, kRunLengths = 2, kRgbOrder = 3;

Bytes WriteSun(uint32_t width, uint32_t height, uint32_t bits, uint32_t type, const Bytes& map,
               const Bytes& data) {
  Bytes file;
  for (const uint32_t word : {0x59A66A95u, width, height, bits, static_cast<uint32_t>(data.size()),
                              type, map.empty() ? 0u : 1u, static_cast<uint32_t>(map.size())}) {
    png_file::AppendBigEndian(file, word);
  }
  file.insert(file.end(), map.begin(), map.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

void ExpectDecodes(const Bytes& file, const Raw& expected) {
  const Decoded decoded = Decode(file);
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, expected), 0);
}

TEST(DecodeSunRaster, TakesEveryDepth) {
  // Rows end at whole words of 16 bits.
  ExpectDecodes(WriteSun(3, 1, 1, kStandard, {}, {0b10100000, 0}),
                {1, 3, 3, {0, 0, 0, 255, 255, 255, 0, 0, 0}});
  ExpectDecodes(WriteSun(1, 2, 8, kStandard, {}, {7, 0, 9, 0}), {2, 1, 3, {7, 7, 7, 9, 9, 9}});
  ExpectDecodes(WriteSun(2, 1, 8, kStandard, {1, 2, 3, 4, 5, 6}, {1, 0}),
                {1, 2, 3, {2, 4, 6, 1, 3, 5}});
  ExpectDecodes(WriteSun(1, 2, 24, kStandard, {}, {3, 2, 1, 0, 6, 5, 4, 0}),
                {2, 1, 3, {1, 2, 3, 4, 5, 6}});
  ExpectDecodes(WriteSun(1, 1, 24, kRgbOrder, {}, {1, 2, 3, 0}), {1, 1, 3, {1, 2, 3}});
  ExpectDecodes(WriteSun(1, 1, 32, kStandard, {}, {99, 3, 2, 1}), {1, 1, 3, {1, 2, 3}});
}

TEST(DecodeSunRaster, ExpandsRunLengths) {
  ExpectDecodes(WriteSun(6, 1, 8, kRunLengths, {}, {128, 2, 5, 128, 0, 7, 8}),
                {1, 6, 3, {5, 5, 5, 5, 5, 5, 5, 5, 5, 128, 128, 128, 7, 7, 7, 8, 8, 8}});
}

TEST(DecodeSunRaster, RefusesByName) {
  const auto why = [](const Bytes& file) { return Decode(file).why; };
  EXPECT_EQ(why(WriteSun(1, 1, 16, kStandard, {}, Bytes(9))),
            "Sun raster of 16 bits a pixel: not supported");
  EXPECT_EQ(why(WriteSun(1, 1, 8, 4, {}, Bytes(9))), "Sun raster of type 4: not supported");
  EXPECT_EQ(why(WriteSun(2, 4, 8, kStandard, {}, Bytes(5))),
            "cut-off Sun raster: it ends at 50 % of its rows");
  EXPECT_EQ(why(WriteSun(6, 1, 8, kRunLengths, {}, {128, 2})),
            "cut-off Sun raster: it ends at 0 % of its rows");
  EXPECT_EQ(why(WriteSun(2, 1, 8, kStandard, {1, 2, 3}, {1, 0})),
            "damaged Sun raster: a colour is not in its palette");
  EXPECT_EQ(why(WriteSun(30000, 30000, 8, kStandard, {}, {})),
            "it is too large: 30000x30000 pixels, more than max_pixels=178956970");
}

}  // namespace
}  // namespace flowtrain::sun_raster_test
