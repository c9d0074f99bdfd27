#include "nodes/evaluate/knn_evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "nodes/train/optimizer/train_payload.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

// The node over the built-in sample set: 40 pictures as the bank, 10 as queries.
class KnnEvaluateNode : public testing::Test {
 protected:
  KnnEvaluateNode() : training_(Options{{"stem", "small"}}) {
    dataset_ =
        Make<ImageDataset>({{"kind", "sample"}, {"sample_images", "40"}, {"sample_size", "16"}});
    run_dir_ = Make<RunDir>({{"path", folder_.path()}});
    dataset_->Open(training_.context);
    run_dir_->Open(training_.context);
    training_.context.resources["dataset"] = dataset_.get();
    training_.context.resources["run_dir"] = run_dir_.get();
  }

  std::unique_ptr<KnnEvaluate> Started(Options options) {
    options["size"] = "16";
    auto node = Make<KnnEvaluate>(options);
    node->Open(training_.context);
    node->Start();
    return node;
  }
  static std::optional<double> AfterStep(KnnEvaluate& node, uint64_t epoch, bool last_of_epoch) {
    Step step;
    step.epoch = epoch;
    step.last_of_epoch = last_of_epoch;
    auto payload = std::make_unique<TrainPayload>();
    payload->record = std::make_shared<StepRecord>();
    const std::shared_ptr<StepRecord> record = payload->record;
    step.payload = std::move(payload);
    node.Process(step);
    return record->knn_top1;
  }
  std::string Metrics() const { return ReadText(folder_ / "metrics.jsonl"); }

  const TempFolder folder_;
  Training training_;
  std::unique_ptr<ImageDataset> dataset_;
  std::unique_ptr<RunDir> run_dir_;
};

TEST_F(KnnEvaluateNode, ComparesTheEndWithTheStart) {
  const auto node = Started({});
  ASSERT_TRUE(node->untrained().has_value());
  EXPECT_FALSE(node->trained().has_value());
  EXPECT_EQ(AfterStep(*node, 0, true), std::nullopt);
  node->Flush();
  ASSERT_TRUE(node->trained().has_value());
  EXPECT_EQ(*node->trained(), *node->untrained());  // nothing was trained
  EXPECT_GT(*node->trained(), 0);
  EXPECT_LE(*node->trained(), 100);
  EXPECT_THAT(Metrics(), testing::AllOf(testing::HasSubstr(R"("final":true)"),
                                        testing::HasSubstr(R"("knn_top1_start":)")));
}

TEST_F(KnnEvaluateNode, EvaluatesAtTheEndOfEveryNthEpoch) {
  const auto node = Started({{"every_epochs", "2"}});
  EXPECT_EQ(AfterStep(*node, 0, true), std::nullopt);
  EXPECT_EQ(AfterStep(*node, 1, false), std::nullopt);
  EXPECT_EQ(AfterStep(*node, 1, true), node->untrained());
}

TEST_F(KnnEvaluateNode, AnInterruptedRunDoesNotWaitForIt) {
  const auto node = Started({});
  AfterStep(*node, 0, true);
  training_.context.control.RequestDrain();
  node->Flush();
  EXPECT_EQ(node->trained(), std::nullopt);
  EXPECT_EQ(Metrics(), "");
}

TEST_F(KnnEvaluateNode, DisabledItDoesNothing) {
  const auto node = Started({{"enabled", "false"}, {"every_epochs", "1"}});
  EXPECT_EQ(AfterStep(*node, 0, true), std::nullopt);
  node->Flush();
  EXPECT_EQ(node->untrained(), std::nullopt);
  EXPECT_EQ(Metrics(), "");
}

}  // namespace
}  // namespace flowtrain
