#include "nodes/decode/encode_png.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "nodes/decode/decode_png.h"
#include "nodes/decode/decode_scratch.h"

namespace flowtrain {
namespace {

TEST(EncodePng, GivesThePixelsBack) {
  std::vector<uint8_t> rgb(7 * 5 * 3);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 37);
  const std::vector<uint8_t> file = EncodePng(rgb, 7, 5);
  DecodeScratch scratch;
  RgbImage image;
  std::string why;
  ASSERT_TRUE(DecodePng(file, scratch, image, &why)) << why;
  EXPECT_EQ(image.height, 7);
  EXPECT_EQ(image.width, 5);
  EXPECT_TRUE(std::equal(image.pixels.begin(), image.pixels.end(), rgb.begin(), rgb.end()));
}

}  // namespace
}  // namespace flowtrain
