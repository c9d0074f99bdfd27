#include "nodes/decode/image_header.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/decode_testing.h"

namespace flowtrain {
namespace {

Bytes BytesOf(const std::string& text) { return {text.begin(), text.end()}; }

void Put(Bytes& file, uint64_t number, int bytes, bool little = true) {
  for (int i = 0; i < bytes; ++i) {
    file.push_back(static_cast<uint8_t>(number >> 8 * (little ? i : bytes - 1 - i)));
  }
}

Bytes Bmp(int32_t width, int32_t height) {
  Bytes file = BytesOf("BM");
  for (const uint32_t word : {54u, 0u, 54u, 40u, static_cast<uint32_t>(width),
                              static_cast<uint32_t>(height), 24u << 16 | 1u}) {
    Put(file, word, 4);
  }
  file.resize(60);
  return file;
}

Bytes Webp(const std::string& chunk, const Bytes& data) {
  Bytes file = BytesOf("RIFF");
  Put(file, data.size() + 12, 4);
  for (const char c : "WEBP" + chunk) file.push_back(static_cast<uint8_t>(c));
  Put(file, data.size(), 4);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

Bytes Tiff(bool little, bool big, uint64_t width, uint64_t height) {
  Bytes file = BytesOf(little ? "II" : "MM");
  Put(file, big ? 43 : 42, 2, little);
  if (big) Put(file, 8, 2, little), Put(file, 0, 2, little);
  Put(file, big ? 16 : 8, big ? 8 : 4, little);  // where the directory is
  Put(file, 2, big ? 8 : 2, little);
  for (const auto& [tag, value] : {std::pair{256, width}, {257, height}}) {
    Put(file, static_cast<uint64_t>(tag), 2, little);
    Put(file, 4, 2, little);  // long
    Put(file, 1, big ? 8 : 4, little);
    Put(file, value, 4, little);
    if (big) Put(file, 0, 4, little);
  }
  return file;
}

Bytes Jpeg2000(uint32_t width, uint32_t height) {
  Bytes file = {0, 0, 0, 12, 'j', 'P', ' ', ' ', '\r', '\n', 0x87, '\n', 0xFF, 0x4F, 0xFF, 0x51};
  Put(file, 41, 2, false), Put(file, 0, 2, false);
  for (const uint32_t word : {width + 7, height + 5, 7u, 5u}) Put(file, word, 4, false);
  return file;
}

Bytes SunRaster(uint32_t width, uint32_t height) {
  Bytes file = {0x59, 0xA6, 0x6A, 0x95};
  Put(file, width, 4, false), Put(file, height, 4, false);
  return file;
}

std::vector<Bytes> Files() {
  Bytes vp8 = {0, 0, 0, 0x9D, 0x01, 0x2A}, vp8l = {0x2F}, vp8x = {0, 0, 0, 0};
  Put(vp8, 300 | 1 << 14, 2), Put(vp8, 200, 2);  // the upper two bits are a scale
  Put(vp8l, 299 | 199 << 14, 4);
  Put(vp8x, 299, 3), Put(vp8x, 199, 3);
  Bytes os2 = BytesOf("BM");
  os2.resize(14);
  Put(os2, 12, 4), Put(os2, 300, 2), Put(os2, 200, 2);
  return {Bmp(300, 200),
          Bmp(300, -200),
          os2,
          Webp("VP8 ", vp8),
          Webp("VP8L", vp8l),
          Webp("VP8X", vp8x),
          Tiff(true, false, 300, 200),
          Tiff(false, false, 300, 200),
          Tiff(true, true, 300, 200),
          Jpeg2000(300, 200),
          SunRaster(300, 200),
          BytesOf("P6\n# a comment of 9 9\n300 200\n255\n"),
          BytesOf("P4 300\t200 "),
          BytesOf("P7\nWIDTH 300\nHEIGHT 200\nDEPTH 3\nMAXVAL 255\nENDHDR\n")};
}

TEST(ReadImageSize, OfEachFormat) {
  for (const Bytes& file : Files()) {
    const std::optional<ImageSize> size = ReadImageSize(file);
    ASSERT_TRUE(size.has_value()) << std::string(file.begin(), file.begin() + 2);
    EXPECT_EQ(size->width, 300) << std::string(file.begin(), file.begin() + 2);
    EXPECT_EQ(size->height, 200);
  }
}

TEST(ReadImageSize, IsNoneOrTheSameOfAFileThatIsCutOff) {
  for (const Bytes& file : Files()) {
    for (size_t bytes = 0; bytes < file.size(); ++bytes) {
      const Bytes cut(file.begin(), file.begin() + static_cast<long>(bytes));
      const std::optional<ImageSize> size = ReadImageSize(cut);
      if (!size || file[0] == 'P') continue;  // the text may end in the midst of a number
      EXPECT_EQ(size->height, 200) << bytes;
    }
  }
}

TEST(ReadImageSize, TakesHugeClaimsAsTheyAre) {
  EXPECT_EQ(ReadImageSize(Bmp(INT32_MIN, INT32_MIN))->height, int64_t{1} << 31);
  EXPECT_EQ(ReadImageSize(Tiff(true, false, ~0u, ~0u))->width, 0xFFFFFFFF);
  EXPECT_GE(ReadImageSize(BytesOf("P5 99999999999999999999 1 255 "))->width, int64_t{1} << 40);
  EXPECT_FALSE(ReadImageSize(BytesOf("P5 -3 1 255 ")));
}

// Each would have OpenCV take gigabytes.
TEST(ReadImageSize, AHugeClaimIsRefusedBeforeOpenCvSeesIt) {
  if (!PluginIsThere()) GTEST_SKIP() << "flowtrain_imgcodecs.so was not built";
  for (const Bytes& file :
       {Bmp(30000, 30000), Tiff(true, false, 30000, 30000), Jpeg2000(30000, 30000),
        SunRaster(30000, 30000), BytesOf("P6 30000 30000 255 ")}) {
    EXPECT_EQ(Decode(file).why,
              "it is too large: 30000x30000 pixels, more than max_pixels=178956970");
  }
}

}  // namespace
}  // namespace flowtrain
