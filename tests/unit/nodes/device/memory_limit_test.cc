#include "nodes/device/memory_limit.h"

#include <gtest/gtest.h>

#include "pipeline/base/error.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr size_t kTotal = size_t{24} << 30;

TEST(MemoryLimit, IsAFractionAShareOrAnAmount) {
  EXPECT_DOUBLE_EQ(MemoryFraction("", kTotal), 1);
  EXPECT_DOUBLE_EQ(MemoryFraction("0.25", kTotal), 0.25);
  EXPECT_DOUBLE_EQ(MemoryFraction("1", kTotal), 1);
  EXPECT_DOUBLE_EQ(MemoryFraction("50%", kTotal), 0.5);
  EXPECT_DOUBLE_EQ(MemoryFraction("12 GiB", kTotal), 0.5);
}

TEST(MemoryLimit, AboveWhatThereIsIsNone) { EXPECT_DOUBLE_EQ(MemoryFraction("80 GiB", kTotal), 1); }

TEST(MemoryLimit, RefusesEverythingElse) {
  for (const char* text : {"0", "-0.5", "lots", "12 GiBs", "200%", "0.5.5"}) {
    EXPECT_THROW(MemoryFraction(text, kTotal), ConfigError) << text;
  }
}

TEST(MemoryLimit, IsCheckedWithoutAGpuToo) {
  EXPECT_THROW(Make<Device>({{"name", "cpu"}, {"memory_limit", "lots"}}), ConfigError);
}

}  // namespace
}  // namespace flowtrain
