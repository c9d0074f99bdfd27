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
    fails(text, 0, "a whole number from 1, or auto");
  }
  fails("auto", 0, "needs train.effective_batch");
  fails("auto", 500, "must be a multiple of data.batch_size (128)");
  fails("auto", 64, "must be a multiple");
  fails("2", 512, "is not data.batch_size (128) x gpu.gradient_accumulation (2)");
}

}  // namespace
}  // namespace flowtrain
