#include "nodes/device/spill_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr size_t kOneGib = size_t{1} << 30;

// A card of 12 GiB, of which 10 were free.
class Spilling : public ::testing::Test {
 protected:
  std::string Step(double seconds, size_t gib, int images = 100, size_t used_gib = 0) {
    StepRecord record;
    record.images = images;
    record.seconds = seconds;
    record.device_bytes = gib * kOneGib;
    record.device_total_bytes = 12 * kOneGib;
    if (used_gib > 0) record.gpu.used_bytes = used_gib * kOneGib;
    return watch_.Add(record, "gpu.memory_limit");
  }
  void Begin() {
    for (const double seconds : {20.0, 9.0}) EXPECT_THAT(Step(seconds, 8), IsEmpty());
    for (int i = 0; i < 10; ++i) EXPECT_THAT(Step(1, 8), IsEmpty());
  }

  SpillWatch watch_{10 * kOneGib};
};

TEST_F(Spilling, IsToldWhenTheMemoryIsFullAndStepsTakeLonger) {
  Begin();
  EXPECT_THAT(Step(8, 11), IsEmpty());
  EXPECT_THAT(Step(8, 11), IsEmpty());
  EXPECT_THAT(Step(8, 11), AllOf(HasSubstr("this program holds 11.0 GiB, the GPU had 10.0 GiB of "
                                           "12.0 GiB free at the start, and steps take 8.0 times"),
                                 HasSubstr("Set gpu.memory_limit below")));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Step(8, 11), IsEmpty()) << "once";
}

TEST_F(Spilling, IsNotToldOfSlowStepsWithRoom) {
  Begin();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Step(8, 10), IsEmpty());
}

TEST_F(Spilling, IsNotToldOfFullMemoryWithoutSlowSteps) {
  Begin();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Step(1.5, 12), IsEmpty());
  EXPECT_THAT(Step(8, 12), IsEmpty());  // one alone
  EXPECT_THAT(Step(1, 12), IsEmpty());
  EXPECT_THAT(Step(8, 12), IsEmpty());
}

// A window at the end of an epoch may be shorter, and the one after it is not slow for that.
TEST_F(Spilling, ComparesTheTimeOfAnImage) {
  for (int i = 0; i < 12; ++i) EXPECT_THAT(Step(0.25, 8, 25), IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Step(1, 11), IsEmpty());
}

TEST_F(Spilling, IsCertainBeyondWhatTheCardHas) {
  EXPECT_THAT(Step(9, 13), IsEmpty());
  EXPECT_THAT(Step(9, 13), IsEmpty());
  EXPECT_THAT(Step(9, 13),
              AllOf(HasSubstr("this program holds 13.0 GiB"), Not(HasSubstr("times as long"))));
}

// Others took the memory after the start.
TEST_F(Spilling, IsSeenInTheDriversFigureToo) {
  Begin();
  for (int i = 0; i < 2; ++i) EXPECT_THAT(Step(5, 8, 100, 12), IsEmpty());
  EXPECT_THAT(Step(5, 8, 100, 12), HasSubstr("5.0 times"));
}

}  // namespace
}  // namespace flowtrain
