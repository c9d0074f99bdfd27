#include "nodes/evaluate/knn_evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "nodes/train/optimizer/train_payload.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

// The node over the built-in sample set: 40 pictures as the bank, 10 as queries.
class KnnEvaluateNode : public testing::Test {
 protected:
  KnnEvaluateNode() : training_(Options{{"stem", "small"}, {"width_multiplier", "1"}}) {
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

TEST_F(KnnEvaluateNode, TheFinalLineCountsTheImages) {
  const auto node = Started({});
  node->Flush();
  EXPECT_THAT(Metrics(),
              testing::HasSubstr(R"("neighbours":40,"bank":40,"queries":10,"left_out":0})"));
}

TEST_F(KnnEvaluateNode, ANetworkThatIsNotFiniteHasNoAccuracy) {
  const auto node = Started({{"every_epochs", "1"}});
  const double start = *node->untrained();
  {
    const c10::NoGradGuard no_grad;
    // The output would be finite all the same: the same for every image.
    training_.model->module().named_buffers()["backbone.layer4.1.bn2.running_var"].fill_(
        std::numeric_limits<float>::infinity());
  }
  EXPECT_EQ(AfterStep(*node, 0, true), std::nullopt);
  node->Flush();
  EXPECT_EQ(node->trained(), std::nullopt);
  const auto line = nlohmann::json::parse(Metrics());
  EXPECT_TRUE(line["knn_top1"].is_null()) << line;
  EXPECT_EQ(line["knn_top1_start"], start);
}

TEST_F(KnnEvaluateNode, ARunThatIsResumedKeepsItsStart) {
  run_dir_ = Make<RunDir>({{"path", folder_ / "resumed"}, {"start_step", "5"}});
  run_dir_->Open(training_.context);
  run_dir_->NoteStart(12.5);  // as its checkpoint says
  training_.context.resources["run_dir"] = run_dir_.get();
  const auto node = Started({});
  EXPECT_EQ(node->untrained(), 12.5);
  node->Flush();
  EXPECT_THAT(ReadText(folder_ / "resumed/metrics.jsonl"),
              testing::HasSubstr(R"("knn_top1_start":12.5,)"));
}

TEST_F(KnnEvaluateNode, ItsTimeIsNoneOfTheTraining) {
  EXPECT_EQ(training_.device->PausedNs(), 0u);
  const uint64_t begin_ns = NowNs();
  const auto node = Started({});
  const uint64_t start_ns = training_.device->PausedNs();
  EXPECT_GT(start_ns, 0u);
  EXPECT_LE(start_ns, NowNs() - begin_ns);
  AfterStep(*node, 0, true);
  EXPECT_EQ(training_.device->PausedNs(), start_ns) << "nothing was evaluated";
}

TEST_F(KnnEvaluateNode, EvaluatesAtTheEndOfEveryNthEpoch) {
  const auto node = Started({{"every_epochs", "2"}});
  EXPECT_EQ(AfterStep(*node, 0, true), std::nullopt);
  EXPECT_EQ(AfterStep(*node, 1, false), std::nullopt);
  EXPECT_EQ(AfterStep(*node, 1, true), node->untrained());
}

TEST_F(KnnEvaluateNode, AProbeIsTrainedBesideItWhereAskedFor) {
  const auto node = Started({{"every_epochs", "1"}, {"probe", "true"}});
  EXPECT_FALSE(node->probed().has_value()) << "not of the untrained backbone";
  ASSERT_TRUE(AfterStep(*node, 0, true).has_value());
  ASSERT_TRUE(node->probed().has_value());
  const double top1 = node->probed()->top1 * 100;
  EXPECT_GT(node->probed()->top5, 0);
  node->Flush();
  const auto line = nlohmann::json::parse(Metrics());
  EXPECT_EQ(line["linear_top1"], top1);
  EXPECT_EQ(line["linear_top5"], node->probed()->top5 * 100);
}

TEST_F(KnnEvaluateNode, WithoutKnnThereIsNoProbe) {
  EXPECT_THAT(MessageOf<ConfigError>([&] {
                Started({{"enabled", "false"}, {"probe", "true"}});
              }),
              testing::HasSubstr("set enabled of 'under_test' to true, or probe of 'under_test' to "
                                 "false"));
}

TEST_F(KnnEvaluateNode, AnInterruptedRunDoesNotWaitForIt) {
  const auto node = Started({});
  AfterStep(*node, 0, true);
  training_.context.control.RequestDrain();
  node->Flush();
  EXPECT_EQ(node->trained(), std::nullopt);
  EXPECT_EQ(Metrics(), "");
}

TEST_F(KnnEvaluateNode, WritesPicturesOfTheTrainedNetworkAlone) {
  const auto node = Started({{"every_epochs", "1"}});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "embedding.json"));
  AfterStep(*node, 0, true);
  const auto json = nlohmann::json::parse(ReadText(folder_ / "embedding.json"));
  EXPECT_EQ(json["steps"], 1);
  EXPECT_EQ(json["map"]["points"].size(), 10u);
  EXPECT_EQ(json["neighbours"]["images"], 40);
}

TEST_F(KnnEvaluateNode, WithoutPicturesThereAreNone) {
  const auto node = Started({{"pictures", "false"}});
  node->Flush();
  EXPECT_TRUE(node->trained().has_value());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "embedding.json"));
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
