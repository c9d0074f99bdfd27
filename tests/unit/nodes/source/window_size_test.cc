#include "nodes/source/window_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(WindowSize, IsTheNumberGiven) {
  EXPECT_EQ(WindowSize("4", 0, 128), 4);
  EXPECT_EQ(WindowSize("1", 0, 2), 1);
  EXPECT_EQ(WindowSize("4", 512, 128), 4);
}

TEST(WindowSize, AutoFollowsFromTheEffectiveBatch) {
  EXPECT_EQ(WindowSize("auto", 512, 128), 4);
  EXPECT_EQ(WindowSize("auto", 128, 128), 1);
}

TEST(WindowSize, SaysWhatIsWrong) {
  const auto fails = [](const std::string& accumulation, int64_t effective, const char* why) {
    EXPECT_THAT([&] { WindowSize(accumulation, effective, 128); },
                ThrowsMessage<ConfigError>(HasSubstr(why)));
  };
  for (const char* text : {"0", "-1", "2.5", "four", "", "99999999999"}) {
    fails(text, 0, "an integer >= 1, or auto");
  }
  fails("auto", 0, "gradient_accumulation is auto and needs effective_batch");
  fails("auto", 500,
        "effective_batch, which is 500, must be a multiple of batch_size, which is 128");
  fails("auto", 64, "must be a multiple");
  fails("2", 512, "is not 2 (gradient_accumulation) times batch_size, which is 128");
  EXPECT_THAT(
      [] {
        WindowSize("auto", 0, 128, {"gpu.a (my.yaml:1)", "train.e", "data.b"});
      },
      ThrowsMessage<ConfigError>(HasSubstr("gpu.a (my.yaml:1) is auto and needs train.e")));
}

}  // namespace
}  // namespace flowtrain
