#include "nodes/decode/imgcodecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/philox.h"
#include "tests/support/decode_testing.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

class ImgcodecsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PluginIsThere()) GTEST_SKIP() << "flowtrain_imgcodecs.so was not built";
  }
};

TEST_F(ImgcodecsTest, DecodesRgb) {
  const Raw image = SmoothImage(9, 14, 3);
  const Decoded decoded = Decode(WritePnm(image));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, image), 0);
}

TEST_F(ImgcodecsTest, RefusesWhatIsNoImage) {
  EXPECT_FALSE(Decode({'h', 'e', 'l', 'l', 'o'}).ok);
  EXPECT_THAT(Decode(Bytes(1000, 7)).why, HasSubstr("none of the formats that are read"));
  Bytes cut = WritePnm(SmoothImage(9, 14, 3));
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(Decode(cut).ok);
}

TEST_F(ImgcodecsTest, RefusesWhatHasMorePixelsThanAreAllowed) {
  const Bytes file = WritePnm(SmoothImage(20, 30, 3));
  Imgcodecs imgcodecs;
  RgbImage image;
  std::string why;
  EXPECT_FALSE(imgcodecs.Decode(file, 599, image, &why));
  EXPECT_EQ(why, "it is too large: 30x20 pixels, more than max_pixels=599");
  EXPECT_TRUE(imgcodecs.Decode(file, 600, image, &why)) << why;
}

TEST_F(ImgcodecsTest, SurvivesDamageAnywhere) {
  const Bytes whole = WritePnm(SmoothImage(16, 16, 3));
  Rng rng({1, 2, 3, kTesting});
  for (int round = 0; round < 300; ++round) {
    Bytes file = whole;
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      file[rng.Below(file.size())] ^= static_cast<uint8_t>(1u << rng.Below(8));
    }
    if (rng.Bernoulli(0.3f)) file.resize(rng.Below(file.size()));
    Decode(file);
  }
}

TEST(Imgcodecs, SaysWhatToDoWithoutThePlugin) {
  const char* before = std::getenv("FLOWTRAIN_PLUGINS");
  const std::string keep = before == nullptr ? "" : before;
  setenv("FLOWTRAIN_PLUGINS", "/no/such/folder", 1);
  const bool beside = std::filesystem::exists(
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "flowtrain_imgcodecs.so");
  const Decoded decoded = Decode(WritePnm(SolidImage(1, 1, {1, 2, 3})));
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
