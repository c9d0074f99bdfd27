// The kNN accuracy of a training, on an accelerator whose memory does not suffice for it.

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "nodes/data/dataset.h"
#include "nodes/evaluate/knn_evaluate.h"
#include "nodes/run/run_dir.h"
#include "nodes/train/optimizer/train_payload.h"
#include "tests/support/accelerator/accelerator.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;

// After each epoch, of 80 pictures as the bank and 20 as queries.
class KnnOnAccelerator : public ::testing::Test {
 protected:
  KnnOnAccelerator() : training_({}, {}, {{"name", "mtia:0"}}) {
    dataset_ =
        Make<ImageDataset>({{"kind", "sample"}, {"sample_images", "80"}, {"sample_size", "16"}});
    run_dir_ = Make<RunDir>({{"path", folder_.path()}});
    dataset_->Open(training_.context);
    run_dir_->Open(training_.context);
    training_.context.resources["dataset"] = dataset_.get();
    training_.context.resources["run_dir"] = run_dir_.get();
    node_ = Make<KnnEvaluate>({{"every_epochs", "1"}, {"size", "16"}, {"neighbours", "3"}});
    node_->Open(training_.context);
    node_->Start();
  }
  void TearDown() override { acc::Configure({}); }

  std::optional<double> AfterAnEpoch() {
    flowtrain::Step step;
    step.last_of_epoch = true;
    auto payload = std::make_unique<TrainPayload>();
    payload->record = std::make_shared<StepRecord>();
    const std::shared_ptr<StepRecord> record = payload->record;
    step.payload = std::move(payload);
    node_->Process(step);
    return record->knn_top1;
  }

  const TempFolder folder_;
  Training training_;
  std::unique_ptr<ImageDataset> dataset_;
  std::unique_ptr<RunDir> run_dir_;
  std::unique_ptr<KnnEvaluate> node_;
};

TEST_F(KnnOnAccelerator, AShortageLeavesItRightOrLeavesItOut) {
  acc::FailAllocation(0);
  const std::optional<double> expected = AfterAnEpoch();
  ASSERT_GT(expected.value_or(0), 0);
  const int64_t allocations = acc::Allocations();
  std::printf("[          ] %d allocations\n", static_cast<int>(allocations));
  ASSERT_GT(allocations, 100);
  int in_parts = 0, left_out = 0;
  for (int64_t number = 1; number <= allocations; ++number) {
    acc::FailAllocation(number, static_cast<acc::Shortage>(number % 5));
    ::testing::internal::CaptureStderr();
    const std::optional<double> found = AfterAnEpoch();
    const std::string log = ::testing::internal::GetCapturedStderr();
    acc::FailAllocation(0);
    if (log.find("at a time from now on") != std::string::npos) ++in_parts;
    const bool told = log.find("too little memory for it beside the training") != std::string::npos;
    if (told) ++left_out;
    EXPECT_EQ(found.has_value(), !told) << number;
    if (found) {
      EXPECT_EQ(*found, *expected) << number;
    }
    EXPECT_TRUE(training_.model->training()) << number;
  }
  EXPECT_GT(in_parts, 50);  // most allocations are those of the check that weights are finite
  EXPECT_GT(left_out, 0);
  EXPECT_EQ(AfterAnEpoch(), expected);
}

}  // namespace
}  // namespace flowtrain
