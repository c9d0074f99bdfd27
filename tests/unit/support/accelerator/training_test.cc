// Training on an accelerator: the losses of a CPU, to the bit.

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/accelerator/accelerator.h"
#include "tests/support/lane_nodes.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;

constexpr int kSteps = 10;

LaneNodes::Settings On(const char* device, Options forward_backward = {}) {
  return {.window = 2,
          .rows = 4,
          .side = 8,
          .forward_backward = std::move(forward_backward),
          .optimizer = {{"learning_rate", "0.002"}, {"warmup_epochs", "0"}},
          .device = {{"name", device}}};
}

StepFigures Figures(LaneNodes& nodes) {
  nodes.RunStep();
  nodes.payload().record->Fetch(/*wait=*/true);
  return *nodes.payload().record;
}

std::vector<double> Losses(const char* device, const Options& forward_backward,
                           int steps = kSteps) {
  LaneNodes::Settings settings = On(device, forward_backward);
  // Learns from losses of any scale: VICReg's is about 25.
  settings.optimizer.merge(Options{{"name", "adamw"}, {"lr_scaling", "none"}});
  LaneNodes nodes(settings);
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(Figures(nodes).loss);
  return losses;
}

struct Method {
  const char *loss, *accumulation;
};

class OnAccelerator : public ::testing::TestWithParam<Method> {
 protected:
  void SetUp() override { acc::Configure({.delay_seed = 11}); }
  void TearDown() override { acc::Configure({}); }
};

TEST_P(OnAccelerator, LossesAreThoseOfACpu) {
  const Options method = {{"loss", GetParam().loss}, {"accumulation", GetParam().accumulation}};
  const std::vector<double> on_cpu = Losses("cpu", method), ours = Losses("mtia:0", method);
  EXPECT_EQ(on_cpu, ours);
  EXPECT_LT(ours.back(), ours.front());
  EXPECT_GT(acc::GetCounts().kernels, 100 * kSteps);  // it did not run on the CPU
}

INSTANTIATE_TEST_SUITE_P(
    EveryLossAndMode, OnAccelerator,
    ::testing::Values(Method{"nt_xent", "exact"}, Method{"nt_xent", "independent"},
                      Method{"dcl", "exact"}, Method{"dcl", "independent"},
                      Method{"barlow_twins", "exact"}, Method{"barlow_twins", "independent"},
                      Method{"vicreg", "exact"}, Method{"vicreg", "independent"}),
    [](const auto& method) {
      return std::string(method.param.loss) + "_" + method.param.accumulation;
    });

class TrainingOnAccelerator : public ::testing::Test {
 protected:
  void SetUp() override { acc::Configure({.delay_seed = 7}); }
  void TearDown() override { acc::Configure({}); }
};

// The host runs ahead: in a step it asks the device for nothing, and where it must wait it sleeps.
TEST_F(TrainingOnAccelerator, StepsNeitherAskTheDeviceNorSpin) {
  LaneNodes nodes(On("mtia:0", {{"representations_every", "0"}}));
  nodes.RunStep();
  acc::Configure({.delay_seed = 7});
  for (int i = 0; i < 5; ++i) nodes.RunStep();
  nodes.payload().record->Fetch(/*wait=*/true);
  const acc::Counts counts = acc::GetCounts();
  for (const auto& [name, times] : counts.waiting) ADD_FAILURE() << name << ' ' << times;
  EXPECT_EQ(counts.host_waits, 0);
}

// So that the time of a step is the device's, whatever stands behind the optimiser's node.
TEST_F(TrainingOnAccelerator, TheHostIsNoMoreThanTwoStepsAhead) {
  acc::Configure({.card_bytes = 1, .spill_us = 200});  // a slow one
  LaneNodes nodes(On("mtia:0"));
  std::vector<std::shared_ptr<StepRecord>> records;
  for (int i = 0; i < 4; ++i) {
    nodes.RunStep();
    records.push_back(nodes.payload().record);
  }
  EXPECT_TRUE(records[0]->Fetch(/*wait=*/false));
  EXPECT_TRUE(records[1]->Fetch(/*wait=*/false));
}

// Kernels of the second window, with the settings that ship: ResNet-18, NT-Xent, SGD, four
// micro-batches; the representations are not measured in it. Sizes do not matter.
int64_t KernelsOfAWindow(const char* mixed_precision, bool one_pass) {
  LaneNodes::Settings settings = On("mtia:0", {{"representations_every", "0"}});
  settings.window = 4;
  settings.rows = 2;
  settings.device["mixed_precision"] = mixed_precision;
  LaneNodes nodes(settings);
  acc::FailAllocation(one_pass ? 0 : 1);
  EXPECT_EQ(nodes.forward_backward->PlanPasses(8).count, one_pass ? 1 : 2);
  acc::FailAllocation(0);
  nodes.RunStep();
  const int64_t before = acc::GetCounts().kernels;
  nodes.RunStep();
  const int64_t kernels = acc::GetCounts().kernels - before;
  std::printf("[          ] %d kernels\n", static_cast<int>(kernels));
  return kernels;
}

// A GPU's queue must not run empty for what the host takes to fill it. Who adds kernels raises these
// bounds knowingly (docs/measurements/device.md).
TEST_F(TrainingOnAccelerator, AWindowTakesNoMoreKernels) {
  EXPECT_LE(KernelsOfAWindow("true", /*one_pass=*/true), 875);
  EXPECT_LE(KernelsOfAWindow("true", /*one_pass=*/false), 1267);
  EXPECT_LE(KernelsOfAWindow("false", /*one_pass=*/true), 676);
  EXPECT_LE(KernelsOfAWindow("false", /*one_pass=*/false), 968);
}

at::Tensor StateOf(const LaneNodes& nodes, const std::string& name) {
  for (const auto& [each, tensor] : nodes.training.optimizer->State()) {
    if (each == name) return tensor;
  }
  throw std::logic_error(name);
}

TEST_F(TrainingOnAccelerator, Fp16GoesThroughGrowthOverflowAndBackOff) {
  // A window of one batch: libtorch's CPU kernels are slow in FP16.
  LaneNodes::Settings settings = On("mtia:0");
  settings.window = 1;
  LaneNodes in_fp32(settings);
  settings.device["mixed_precision"] = "true";
  LaneNodes nodes(settings);
  ASSERT_EQ(nodes.training.device->precision(), Precision::kFp16);

  StateOf(nodes, "scaler.scale").fill_(256);
  const StepFigures first = Figures(nodes);
  EXPECT_FALSE(first.skipped);
  EXPECT_EQ(first.loss_scale, 256);
  EXPECT_NEAR(first.loss, Figures(in_fp32).loss, 0.02);

  StateOf(nodes, "scaler.growth_tracker").fill_(1999);
  EXPECT_FALSE(Figures(nodes).skipped);  // the 2000th good step in a row
  EXPECT_EQ(nodes.training.optimizer->loss_scale(), 2 * 256);

  StateOf(nodes, "scaler.scale").fill_(1e38);
  const at::Tensor before = nodes.model().module().parameters()[0].detach().cpu();
  const at::Tensor statistics = nodes.Buffers().cpu();
  const StepFigures overflow = Figures(nodes);
  EXPECT_TRUE(overflow.skipped);
  EXPECT_TRUE(nodes.model().module().parameters()[0].detach().cpu().equal(before));
  EXPECT_TRUE(nodes.Buffers().cpu().equal(statistics));
  EXPECT_NEAR(nodes.training.optimizer->loss_scale(), 5e37, 1e32);

  StateOf(nodes, "scaler.scale").fill_(256);
  double last = first.loss;
  for (int i = 0; i < 5; ++i) last = Figures(nodes).loss;
  EXPECT_TRUE(std::isfinite(last));
  EXPECT_LT(last, first.loss);
}

TEST_F(TrainingOnAccelerator, TheSecondDeviceNeedsNothingOfTheFirst) {
  std::vector<double> ours;
  std::thread lane([&] { ours = Losses("mtia:1", {}, 2); });  // its current device is its own
  lane.join();
  EXPECT_EQ(ours, Losses("cpu", {}, 2));
  EXPECT_FALSE(acc::GetCounts().context[0]);
}

}  // namespace
}  // namespace flowtrain
