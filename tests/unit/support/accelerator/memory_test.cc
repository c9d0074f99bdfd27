// How much of an accelerator's memory is taken, what is told of it, and what is done early.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nodes/measure/step_meter.h"
#include "pipeline/base/log.h"
#include "tests/support/accelerator/accelerator.h"
#include "tests/support/lane_nodes.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kMebibyte = size_t{1} << 20;
const Options kWide = {{"width_multiplier", "1"}};  // for memory that can be told from a batch's

class Memory : public ::testing::Test {
 protected:
  void SetUp() override { acc::Configure({}); }
  void TearDown() override { acc::Configure({}); }

  static LaneNodes::Settings Window(const Options& more = {}) {
    LaneNodes::Settings settings{
        .window = 2, .rows = 4, .side = 16, .device = {{"name", "mtia:0"}}, .model = kWide};
    settings.forward_backward = more;
    return settings;
  }
  static std::string LogOf(LaneNodes& nodes, int steps) {
    std::string log;
    SetLogWriter([&](const std::string& line) { log += line; });
    for (int i = 0; i < steps; ++i) {
      nodes.RunStep();
      nodes.training.device->Synchronize();
    }
    SetLogWriter(nullptr);
    return log;
  }
};

TEST_F(Memory, ARecordHasWhatTheProgramHoldsItsPeakAndAllOfIt) {
  acc::Configure({.capacity_bytes = 512 * kMebibyte});
  LaneNodes nodes(Window());
  const StepRecord& record = nodes.RunStep();
  EXPECT_EQ(record.device_bytes, nodes.training.device->ReservedBytes());
  EXPECT_GT(record.device_bytes, 100 * kMebibyte);  // parameters, gradients, what is cached
  EXPECT_GE(record.device_peak_bytes, record.device_bytes);
  EXPECT_EQ(record.device_total_bytes, 512 * kMebibyte);
  EXPECT_TRUE(record.gpu.empty());  // no management library knows this accelerator
}

// Handles of vendors' libraries are made for both passes, and nothing of it stays.
TEST_F(Memory, TheLaneBeginsWithATinyForwardAndBackwardPass) {
  TestContext context;
  const auto device = Make<Device>({{"name", "mtia:0"}});
  device->Open(context);
  EXPECT_EQ(acc::GetCounts().kernels, 0);
  device->OnLaneThread();
  EXPECT_GT(acc::GetCounts().kernels, 10);
  EXPECT_EQ(device->ReservedBytes(), 0u);
  EXPECT_EQ(device->PeakBytes(), 0u);
  // Later, when workers join in the middle of a run, nothing is computed, freed or forgotten.
  const int64_t kernels = acc::GetCounts().kernels;
  at::empty({1000}, at::TensorOptions().device(device->device()));
  const size_t reserved = device->ReservedBytes();
  device->OnLaneThread();
  EXPECT_EQ(acc::GetCounts().kernels, kernels);
  EXPECT_EQ(device->ReservedBytes(), reserved);
  EXPECT_EQ(device->PeakBytes(), reserved);
}

TEST_F(Memory, IfThereIsTooLittleForThatTheFirstWindowSaysSo) {
  TestContext context;
  const auto device = Make<Device>({{"name", "mtia:0"}});
  device->Open(context);
  acc::FailAllocation(2, acc::Shortage::kCublasAllocFailed, /*forever=*/true);
  device->OnLaneThread();
}

// The first window's algorithms are tried with more memory than is used afterwards.
TEST_F(Memory, ThePeakOfAMeasurementLeavesOutTheStepsAtItsStart) {
  LaneNodes nodes(Window());
  const auto meter = Make<StepMeter>({{"skip", "1"}});
  meter->Open(nodes.training.context);
  const auto step = [&] {
    nodes.RunStep();
    nodes.training.device->Synchronize();
    meter->Process(nodes.step);
  };
  {
    const at::Tensor workspace =
        at::empty({static_cast<int64_t>(256 * kMebibyte)},
                  at::TensorOptions().dtype(at::kByte).device(nodes.training.device->device()));
  }
  nodes.training.device->EmptyCache();  // as after cuDNN's benchmark
  const size_t with_workspace = nodes.training.device->PeakBytes();
  step();
  EXPECT_LT(nodes.training.device->PeakBytes(), with_workspace);
  const size_t held = nodes.training.device->ReservedBytes();
  step();
  EXPECT_GE(nodes.training.device->PeakBytes(), held);
}

// The host is done with a step long before the device is.
TEST_F(Memory, AMeasurementTakesTheTimeThatTheDeviceTakes) {
  constexpr int kWorkUs = 300;
  acc::Configure({.card_bytes = 1, .spill_us = kWorkUs});
  LaneNodes nodes(Window());
  nodes.step.total_steps = 2;
  const auto meter = Make<StepMeter>({{"skip", "1"}});
  meter->Open(nodes.training.context);
  const auto step = [&] {
    nodes.ForwardBackwardAll();
    nodes.optimizer_step->Process(nodes.step);
    meter->Process(nodes.step);
    ++nodes.step.step;
  };
  step();
  // The clock of the next step starts when this one is over.
  EXPECT_TRUE(nodes.payload().record->Fetch(/*wait=*/false));
  EXPECT_GT(nodes.training.device->PausedNs(), 0u);
  const int64_t before = acc::GetCounts().kernels;
  step();
  const auto kernels = static_cast<double>(acc::GetCounts().kernels - before);
  EXPECT_GT(kernels, 100);
  // Some of them are copies, which are made meanwhile.
  EXPECT_GT(meter->totals().seconds_a_step().value(), 0.8 * kernels * kWorkUs * 1e-6);
}

// As under WSL2: the largest micro-batch fits, but only with the host's memory.
TEST_F(Memory, AutoTakesTheFastestMicroBatchNotTheLargest) {
  LaneNodes::Settings settings = Window();
  settings.window = 1;
  settings.rows = 16;
  settings.side = 96;
  size_t state = 0, gradients = 0, activations = 0;
  {
    LaneNodes nodes(settings);
    state = nodes.training.device->ReservedBytes();
    for (const at::Tensor& parameter : nodes.model().module().parameters()) {
      gradients += parameter.nbytes();
    }
    nodes.ForwardBackwardAll();
    nodes.training.device->Synchronize();
    activations = nodes.training.device->PeakBytes() - state - gradients;
  }
  // A smaller micro-batch's gradients are made beside those of the ones before it.
  ASSERT_GT(activations, 2 * gradients);
  settings.forward_backward = {{"gradient_accumulation", "auto"}, {"effective_batch", "16"}};
  acc::Configure({.card_bytes = state + 2 * gradients + activations / 3, .spill_us = 10000});
  const LaneNodes nodes(settings);
  EXPECT_LT(nodes.forward_backward->micro_batch(), 16);
  EXPECT_GE(nodes.forward_backward->micro_batch(), 1);
}

TEST_F(Memory, ADriverThatKeepsItInTheHostsIsToldOf) {
  LaneNodes::Settings settings = Window();
  settings.window = 1;
  settings.rows = 2;
  size_t needed = 0;
  {
    LaneNodes nodes(settings);
    EXPECT_THAT(LogOf(nodes, 3), Not(HasSubstr("memory is full")));
    needed = nodes.training.device->ReservedBytes();
  }
  acc::Configure({.card_bytes = needed - 8 * kMebibyte, .spill_us = 1});
  LaneNodes nodes(settings);
  EXPECT_THAT(LogOf(nodes, 3), HasSubstr("the GPU's memory is full: this program holds "));
}

}  // namespace
}  // namespace flowtrain
