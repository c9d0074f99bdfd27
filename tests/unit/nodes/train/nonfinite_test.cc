// Steps whose loss or gradients are not finite.

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "nodes/run/run_dir.h"
#include "nodes/train/nonfinite_watch.h"
#include "pipeline/base/error.h"
#include "tests/support/lane_nodes.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

LaneNodes::Settings Settings(const char* most) {
  return {.window = 2, .side = 8, .forward_backward = {{"max_nonfinite_steps", most}}};
}

void Poison(LaneNodes& nodes, const std::string& parameter, double value = kNan) {
  const c10::NoGradGuard no_grad;
  // A whole filter: of the smallest images a single weight may meet nothing but padding.
  nodes.model().module().named_parameters()[parameter].select(0, 0).fill_(value);
}

std::vector<at::Tensor> Copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

TEST(NonFinite, AStepIsSkippedAndLeavesNoTrace) {
  LaneNodes nodes(Settings("20"));
  nodes.RunStep();
  Poison(nodes, "projection.linear2.weight");
  const auto parameters = Copies(nodes.model().module().parameters());
  const at::Tensor buffers = nodes.Buffers();
  EXPECT_TRUE(nodes.RunStep().skipped);
  EXPECT_TRUE(nodes.Buffers().equal(buffers));
  const auto after = nodes.model().module().parameters();
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_TRUE(after[i].allclose(parameters[i], 0, 0, /*equal_nan=*/true)) << i;
  }
}

TEST(NonFinite, TooManyInARowEndTheRunAndNameTheLayer) {
  for (const char* layer : {"backbone.layer2.0.conv2", "projection.linear1"}) {
    LaneNodes nodes(Settings("1"));
    Poison(nodes, std::string(layer) + ".weight");
    nodes.RunStep();
    EXPECT_THAT([&] { nodes.RunStep(); },
                ThrowsMessage<EndRun>(HasSubstr(std::string("layer ") + layer + " is not finite")));
  }
}

TEST(NonFinite, WithoutABoundTheRunGoesOn) {
  LaneNodes nodes(Settings("0"));
  Poison(nodes, "projection.linear1.weight");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(nodes.RunStep().skipped);
}

// A row that ends is none, also when its end is known before the figures of the step are.
TEST(NonFinite, AFiniteStepEndsTheRow) {
  LaneNodes nodes(Settings("2"));
  const auto good = Copies(nodes.model().module().parameters());
  for (int round = 0; round < 2; ++round) {
    Poison(nodes, "projection.linear1.weight");
    nodes.RunStep();
    nodes.RunStep();
    {
      const c10::NoGradGuard no_grad;
      const auto parameters = nodes.model().module().parameters();
      for (size_t i = 0; i < parameters.size(); ++i) parameters[i].copy_(good[i]);
    }
    EXPECT_FALSE(nodes.RunStep().skipped);
  }
}

TEST(NonFinite, TheReportNamesSamplesSeedAndScale) {
  const TempFolder folder;
  LaneNodes nodes(Settings("1"));
  const auto run_dir = Make<RunDir>({{"path", folder.path()}});
  run_dir->Open(nodes.training.context);
  nodes.training.context.resources["run_dir"] = run_dir.get();
  nodes.forward_backward->Open(nodes.training.context);
  for (auto& batch : nodes.batches) batch->seed = 42, batch->epoch = 3, batch->step = 17;
  Poison(nodes, "backbone.layer1.0.conv1.weight", std::numeric_limits<double>::infinity());
  nodes.RunStep();
  EXPECT_THROW(nodes.RunStep(), EndRun);

  const auto json = nlohmann::json::parse(ReadText(folder / "nonfinite.json"));
  EXPECT_EQ(json["step"], 18);
  EXPECT_EQ(json["epoch"], 4);
  EXPECT_EQ(json["seed"], 42);
  EXPECT_EQ(json["loss_scale"], 1);
  EXPECT_EQ(json["skipped_steps_before"], 1);
  EXPECT_EQ(json["first_nonfinite_layer"], "backbone.layer1.0.conv1");
  ASSERT_EQ(json["samples"].size(), 8u);
  EXPECT_EQ(json["samples"][7]["id"], 7);
}

TEST(NonFiniteWatch, WaitsForNoFigures) {
  NonFiniteWatch watch(1);
  const auto record = std::make_shared<StepRecord>();
  bool arrived = false;
  record->fetch = [&arrived](bool) {
    return arrived ? std::optional(StepFigures{.skipped = true}) : std::nullopt;
  };
  watch.Add(record);
  EXPECT_FALSE(watch.TooMany());
  arrived = true;
  EXPECT_TRUE(watch.TooMany());
  EXPECT_EQ(watch.in_a_row(), 1);
  EXPECT_FALSE(record->skipped) << "the record is the report's to change";
}

}  // namespace
}  // namespace flowtrain
