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

constexpr size_t kGib = size_t{1} << 30;

TEST(DefaultMemoryLimit, IsNoneWhereTheGpuIsOurs) {
  EXPECT_FALSE(DefaultMemoryLimit({kTotal, std::nullopt, std::nullopt, false}));
  EXPECT_FALSE(DefaultMemoryLimit({kTotal, kTotal, 0, false}));
  EXPECT_FALSE(DefaultMemoryLimit({kTotal, kTotal - (kGib >> 5U), kGib >> 5U, false}));
}

TEST(DefaultMemoryLimit, IsWhatIsFreeLessAReserveBesideOthers) {
  EXPECT_EQ(DefaultMemoryLimit({8 * kGib, 5 * kGib, 3 * kGib, false}), 5 * kGib - kGib / 2);
  EXPECT_EQ(DefaultMemoryLimit({80 * kGib, 60 * kGib, 20 * kGib, false}), 56 * kGib);
}

TEST(DefaultMemoryLimit, IsThereUnderWslWhateverIsFree) {
  EXPECT_EQ(DefaultMemoryLimit({8 * kGib, 8 * kGib, 0, true}), 8 * kGib - kGib / 2);
  EXPECT_EQ(DefaultMemoryLimit({8 * kGib, std::nullopt, std::nullopt, true}), 8 * kGib - kGib / 2);
}

TEST(DefaultMemoryLimit, LeavesSomethingOfAFullGpu) {
  EXPECT_EQ(DefaultMemoryLimit({8 * kGib, kGib / 2, 7 * kGib, true}), kGib / 4);
}

}  // namespace
}  // namespace flowtrain
