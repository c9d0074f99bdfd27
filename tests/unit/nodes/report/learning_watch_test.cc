#include "nodes/report/learning_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StepRecord Plain(uint64_t step, double loss, double learning_rate = 0.1) {
  StepRecord record;
  record.step = step;
  record.loss = loss;
  record.learning_rate = learning_rate;
  return record;
}

StepRecord Measured(uint64_t step, double rankme, double projection_std) {
  StepRecord record = Plain(step, 1);
  record.representations = {.rankme = rankme,
                            .feature_std = 0.5,
                            .projection_std = projection_std,
                            .alignment = 0.1,
                            .uniformity = -3};
  return record;
}

std::vector<std::string> Watch(const std::function<StepRecord(uint64_t)>& record, uint64_t first,
                               uint64_t steps) {
  LearningWatch watch;
  std::vector<std::string> warnings;
  for (uint64_t step = first; step < first + steps; ++step) {
    for (std::string& text : watch.Add(record(step))) warnings.push_back(std::move(text));
  }
  return warnings;
}

TEST(LearningWatch, ProjectionsThatAreAllTheSameAreToldOfOnce) {
  LearningWatch watch;
  EXPECT_THAT(watch.Add(Measured(0, 100, 0.01)), IsEmpty()) << "the network is untrained";
  EXPECT_THAT(watch.Add(Measured(49, 100, 0.01)), IsEmpty()) << "once may be chance";
  EXPECT_THAT(watch.Add(Plain(50, 1)), IsEmpty()) << "not measured";
  EXPECT_THAT(watch.Add(Measured(99, 100, 0.012)),
              ElementsAre(AllOf(HasSubstr("collapsed: at step 100 the projections"),
                                HasSubstr("projection_std 0.012"))));
  EXPECT_THAT(watch.Add(Measured(149, 100, 0.01)), IsEmpty());
}

TEST(LearningWatch, ProjectionsOfAHealthyRunAreWell) {
  LearningWatch watch;
  for (uint64_t step = 99; step < 1000; step += 100) {
    EXPECT_THAT(watch.Add(Measured(step, 40, 0.6)), IsEmpty());
  }
}

TEST(LearningWatch, FeaturesOfOneDimensionAreAnotherCause) {
  LearningWatch watch;
  watch.Add(Measured(49, 1.1, 0.9));
  EXPECT_THAT(watch.Add(Measured(99, 1.1, 0.9)),
              ElementsAre(AllOf(HasSubstr("at step 100 the backbone's features"),
                                HasSubstr("RankMe 1.1"))));
  EXPECT_THAT(watch.Add(Measured(149, 1.1, 0.01)), IsEmpty());
  EXPECT_THAT(watch.Add(Measured(199, 1.1, 0.01)), ElementsAre(HasSubstr("projections")));
}

TEST(LearningWatch, AMeasurementInBetweenThatIsWellEndsTheSuspicion) {
  LearningWatch watch;
  for (uint64_t step = 49; step < 1000; step += 100) {
    EXPECT_THAT(watch.Add(Measured(step, 1.1, 0.01)), IsEmpty());
    EXPECT_THAT(watch.Add(Measured(step + 50, 50, 0.8)), IsEmpty());
  }
}

TEST(LearningWatch, ALossThatDoesNotFallIsToldOfOnce) {
  const auto warnings = Watch([](uint64_t step) { return Plain(step, 6.93); }, 0, 1000);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("the run is not learning"),
                                          HasSubstr("6.9300 at step 200"))));
}

TEST(LearningWatch, ALossThatFallsIsWell) {
  const auto slow = [](uint64_t step) {
    return Plain(step, 6.93 - 1e-4 * static_cast<double>(step));
  };
  EXPECT_THAT(Watch(slow, 0, 1000), IsEmpty());
  const auto below_zero = [](uint64_t step) {
    return Plain(step, -1 - 1e-4 * static_cast<double>(step));
  };
  EXPECT_THAT(Watch(below_zero, 0, 1000), IsEmpty());
}

TEST(LearningWatch, ALossThatComesBackUpIsToldOf) {
  const auto warnings = Watch(
      [](uint64_t step) {
        return Plain(step, step < 500 ? 6.9 - 1e-3 * static_cast<double>(step) : 8);
      },
      0, 1000);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("not learning")));
}

TEST(LearningWatch, JudgesNoLossDuringTheWarmUp) {
  const auto flat = [](uint64_t step) {
    return Plain(step, 6.93, 1e-5 * static_cast<double>(std::min<uint64_t>(step, 600)));
  };
  EXPECT_THAT(Watch(flat, 0, 600), IsEmpty());
  EXPECT_THAT(Watch(flat, 0, 1000), ElementsAre(HasSubstr("at step 602")));
}

TEST(LearningWatch, JudgesNoLossOfARunThatWasResumed) {
  EXPECT_THAT(Watch([](uint64_t step) { return Plain(step, 3.5); }, 5000, 1000), IsEmpty());
}

TEST(LearningWatch, LeavesOutLossesThatAreNotFinite) {
  const auto gaps = [](uint64_t step) {
    return Plain(step, step % 2 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                     : 5 - 1e-3 * static_cast<double>(step));
  };
  EXPECT_THAT(Watch(gaps, 0, 1000), IsEmpty());
}

}  // namespace
}  // namespace flowtrain
