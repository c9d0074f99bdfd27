#include "nodes/decode/imgcodecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/philox.h"
#include "tests/unit/nodes/decode/decode_testing.h"

namespace flowtrain {
namespace {

using testing::Bytes;
using testing::Decode;
using testing::Decoded;
using ::testing::HasSubstr;
using testing::LargestDifference;
using testing::Raw;
using testing::SmoothImage;
using testing::SolidImage;
using testing::WritePng;
using testing::WritePnm;

class ImgcodecsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::PluginIsThere()) GTEST_SKIP() << "flowtrain_imgcodecs.so was not built";
  }
};

TEST_F(ImgcodecsTest, DecodesRgb) {
  const Raw image = SmoothImage(9, 14, 3);
  Decoded decoded = Decode(WritePng(9, 14, 8, 2, image.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, image), 0);
  decoded = Decode(WritePnm(image));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, image), 0);
}

TEST_F(ImgcodecsTest, BringsGreyToRgb) {
  const Decoded decoded = Decode(WritePng(3, 5, 8, 0, Bytes(15, 99)));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(3, 5, {99, 99, 99})), 0);
}

TEST_F(ImgcodecsTest, BringsOneBitToRgb) {
  const Decoded decoded = Decode(WritePng(1, 8, 1, 0, {0b10110001}));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(decoded.At(0, 0, 0), 255);
  EXPECT_EQ(decoded.At(0, 1, 2), 0);
  EXPECT_EQ(decoded.At(0, 7, 1), 255);
}

TEST_F(ImgcodecsTest, DropsAlpha) {
  const Raw rgba = SolidImage(4, 4, {10, 200, 30, 0});
  Decoded decoded = Decode(WritePng(4, 4, 8, 6, rgba.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {10, 200, 30})), 0);
  const Raw grey_alpha = SolidImage(4, 4, {80, 5});
  decoded = Decode(WritePng(4, 4, 8, 4, grey_alpha.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {80, 80, 80})), 0);
}

TEST_F(ImgcodecsTest, TakesTheHighByteOfSixteenBits) {
  const Raw rgb = SolidImage(4, 4, {10, 255, 200, 0, 30, 77});  // 0x0AFF, 0xC800, 0x1E4D
  Decoded decoded = Decode(WritePng(4, 4, 16, 2, rgb.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {10, 200, 30})), 0);
  const Raw grey = SolidImage(4, 4, {0x7F, 0xFF});
  decoded = Decode(WritePng(4, 4, 16, 0, grey.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {127, 127, 127})), 0);
}

TEST_F(ImgcodecsTest, LooksUpThePalette) {
  const Bytes palette = {1, 2, 3, 250, 100, 50};
  for (const Bytes& transparency : {Bytes{}, Bytes{0, 255}}) {
    const Decoded decoded = Decode(WritePng(1, 2, 8, 3, {1, 0}, palette, transparency));
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_EQ(LargestDifference(decoded, Raw{1, 2, 3, {250, 100, 50, 1, 2, 3}}), 0);
  }
}

TEST_F(ImgcodecsTest, RefusesWhatIsNoImage) {
  EXPECT_FALSE(Decode({'h', 'e', 'l', 'l', 'o'}).ok);
  EXPECT_THAT(Decode(Bytes(1000, 7)).why, HasSubstr("a format that OpenCV does not read"));
}

TEST_F(ImgcodecsTest, RefusesTruncatedPng) {
  const Bytes file = WritePng(32, 32, 8, 2, SmoothImage(32, 32, 3).values);
  for (size_t size = 8; size + 50 < file.size(); size += 97) {
    EXPECT_FALSE(Decode(Bytes(file.begin(), file.begin() + static_cast<long>(size))).ok) << size;
  }
}

TEST_F(ImgcodecsTest, SurvivesDamageAnywhere) {
  const Bytes files[] = {WritePng(16, 16, 8, 6, SmoothImage(16, 16, 4).values),
                         WritePnm(SmoothImage(16, 16, 3))};
  Rng rng({1, 2, 3, kTesting});
  for (int round = 0; round < 300; ++round) {
    Bytes file = files[rng.Below(2)];
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      // Behind the header: OpenCV allocates whatever size the header claims.
      file[40 + rng.Below(file.size() - 40)] ^= static_cast<uint8_t>(1u << rng.Below(8));
    }
    if (rng.Bernoulli(0.3f)) file.resize(rng.Below(file.size()));
    Decode(file);
  }
}

TEST(Imgcodecs, RefusesAHugePngBeforeItIsDecoded) {
  Bytes file = WritePng(1, 1, 8, 0, {1});
  file[18] = file[22] = 0x50;  // 20481 x 20481
  EXPECT_THAT(Decode(file).why, HasSubstr("more than 178 million pixels"));
}

TEST(Imgcodecs, SaysWhatToDoWithoutThePlugin) {
  const char* before = std::getenv("FLOWTRAIN_PLUGINS");
  const std::string keep = before == nullptr ? "" : before;
  setenv("FLOWTRAIN_PLUGINS", "/no/such/folder", 1);
  const bool beside = std::filesystem::exists(
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "flowtrain_imgcodecs.so");
  const Decoded decoded = Decode(WritePng(1, 1, 8, 0, {1}));
  if (before == nullptr) {
    unsetenv("FLOWTRAIN_PLUGINS");
  } else {
    setenv("FLOWTRAIN_PLUGINS", keep.c_str(), 1);
  }
  if (beside) GTEST_SKIP() << "the plug-in lies beside the test";
  EXPECT_FALSE(decoded.ok);
  EXPECT_THAT(decoded.why, HasSubstr("/no/such/folder"));
  EXPECT_THAT(decoded.why, HasSubstr("apt-get install libopencv-imgcodecs-dev"));
}

TEST(Imgcodecs, SaysThatAFileIsEmpty) { EXPECT_EQ(Decode({}).why, "the file is empty"); }

}  // namespace
}  // namespace flowtrain
