#include "nodes/train/model/running_statistics.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

class RunningStatisticsTest : public testing::Test {
 protected:
  RunningStatisticsTest() : training(Options{{"stem", "small"}}) {}

  void Forward() {
    const c10::NoGradGuard no_grad;
    const at::Tensor images = at::randn({4, 3, 16, 16});
    training.model->Project(training.model->Encode(images));
  }
  std::vector<at::Tensor> Now() const {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& buffer : training.model->module().buffers()) {
      copies.push_back(buffer.clone());
    }
    return copies;
  }
  static bool Equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (!a[i].equal(b[i])) return false;
    }
    return a.size() == b.size();
  }

  Training training;
  RunningStatistics& statistics = training.model->running_statistics();
};

TEST_F(RunningStatisticsTest, AreWhatTheyWereAfterRestore) {
  Forward();
  const auto before = Now();
  statistics.Save();
  Forward();
  ASSERT_FALSE(Equal(Now(), before));
  statistics.Restore();
  EXPECT_TRUE(Equal(Now(), before));
}

TEST_F(RunningStatisticsTest, RestoreWhereTheConditionHolds) {
  const auto before = Now();
  statistics.Save();
  Forward();
  const auto after = Now();
  statistics.RestoreWhere(at::zeros({1}));
  EXPECT_TRUE(Equal(Now(), after));
  statistics.RestoreWhere(at::ones({1}));
  EXPECT_TRUE(Equal(Now(), before));
}

TEST_F(RunningStatisticsTest, AreFiniteAgainAfterABatchThatWasNot) {
  const auto before = Now();
  statistics.Save();
  const c10::NoGradGuard no_grad;
  training.model->Encode(at::full({2, 3, 16, 16}, std::numeric_limits<float>::quiet_NaN()));
  ASSERT_TRUE(training.model->module().buffers()[0].isnan().any().item<bool>());
  statistics.RestoreWhere(at::ones({1}));
  EXPECT_TRUE(Equal(Now(), before));
}

TEST_F(RunningStatisticsTest, StandStillInAPause) {
  const auto before = Now();
  {
    const RunningStatistics::Pause pause(statistics);
    Forward();
  }
  EXPECT_TRUE(Equal(Now(), before));
  Forward();
  EXPECT_FALSE(Equal(Now(), before));
}

TEST_F(RunningStatisticsTest, APauseChangesNoOutput) {
  const c10::NoGradGuard no_grad;
  const at::Tensor images = at::randn({4, 3, 16, 16});
  for (const bool on : {true, false}) {
    training.model->SetTraining(on);
    at::Tensor paused;
    {
      const RunningStatistics::Pause pause(statistics);
      paused = training.model->Encode(images);
    }
    EXPECT_TRUE(paused.equal(training.model->Encode(images))) << on;
  }
}

TEST_F(RunningStatisticsTest, ABatchThatIsCountedByItselfIsCountedOnce) {
  Training usual(Options{{"stem", "small"}});
  const c10::NoGradGuard no_grad;
  const at::Tensor images = at::randn({4, 3, 16, 16});
  usual.model->Project(usual.model->Encode(images));
  {
    const RunningStatistics::PauseCounts pause(statistics);
    training.model->Project(training.model->Encode(images));
  }
  statistics.CountBatch();
  std::vector<at::Tensor> expected;
  for (const at::Tensor& buffer : usual.model->module().buffers()) expected.push_back(buffer);
  EXPECT_TRUE(Equal(Now(), expected));
  training.model->SetTraining(false);
  statistics.CountBatch();  // a network in evaluation mode counts nothing
  EXPECT_TRUE(Equal(Now(), expected));
}

// Nothing was saved: nothing can be put back.
TEST_F(RunningStatisticsTest, RestoreDoesNothingBeforeSave) {
  const auto before = Now();
  statistics.Restore();
  statistics.RestoreWhere(at::ones({1}));
  EXPECT_TRUE(Equal(Now(), before));
}

}  // namespace
}  // namespace flowtrain
