// A window for which the memory of an accelerator does not suffice.

#include <ATen/Functions.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nodes/device/out_of_memory.h"
#include "nodes/train/checkpoint/host_copy.h"
#include "pipeline/base/error.h"
#include "tests/support/accelerator/accelerator.h"
#include "tests/support/lane_nodes.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;
using ::testing::HasSubstr;

LaneNodes::Settings Window() {
  return {.window = 2, .rows = 4, .side = 8, .device = {{"name", "mtia:0"}}};
}

// The most that tensors have taken at once, without the allocator's cache.
size_t AllocatedPeak() {
  constexpr size_t kAll = 0;
  const auto stats = at::getDeviceAllocator(c10::kMTIA)->getDeviceStats(0);
  return static_cast<size_t>(stats.allocated_bytes[kAll].peak);
}

class Shortages : public ::testing::Test {
 protected:
  void SetUp() override { acc::Configure({}); }
  void TearDown() override { acc::Configure({}); }

  // What a step leaves: its loss and the gradients.
  struct Left {
    at::Tensor loss, gradients, buffers;
  };
  static Left Of(LaneNodes& nodes) {
    nodes.ForwardBackwardAll();
    acc::FailAllocation(0);
    return {nodes.payload().loss.cpu(), nodes.Gradients().cpu(), nodes.Buffers().cpu()};
  }
  static bool Same(const Left& a, const Left& b) {
    return a.loss.equal(b.loss) && a.gradients.equal(b.gradients) && a.buffers.equal(b.buffers);
  }
  // From now on the graphs of the micro-batches of a window are kept, or not.
  static void Plan(LaneNodes& nodes, bool one_pass) {
    acc::FailAllocation(one_pass ? 0 : 1);
    EXPECT_EQ(nodes.forward_backward->PlanPasses(8).count, one_pass ? 1 : 2);
    acc::FailAllocation(0);
  }
  // With what batches leave on the device when nothing fails, or all of it in halves.
  static Left Expected(bool halved) {
    LaneNodes nodes(Window());
    Plan(nodes, !halved);
    acc::FailAllocation(halved ? 4 : 0);
    return Of(nodes);
  }
};

// Every one of a window's allocations fails once, each in another guise; a test takes every
// kSlices-th of them.
constexpr int kSlices = 4;
class EveryShortage : public Shortages, public ::testing::WithParamInterface<int> {
 protected:
  // `check` gets what is left.
  template <typename Check>
  static void FailEverywhere(bool one_pass, Check check) {
    LaneNodes nodes(Window());
    std::vector<at::Tensor> buffers;
    for (const at::Tensor& buffer : nodes.model().module().buffers())
      buffers.push_back(buffer.cpu());
    Plan(nodes, one_pass);
    nodes.ForwardBackwardAll();
    const int64_t allocations = acc::Allocations();
    std::printf("[          ] %d allocations\n", static_cast<int>(allocations));
    ASSERT_GT(allocations, 300);
    for (int64_t number = 1 + GetParam(); number <= allocations; number += kSlices) {
      SCOPED_TRACE(number);
      const std::vector<at::Tensor> now = nodes.model().module().buffers();
      for (size_t i = 0; i < now.size(); ++i) now[i].copy_(buffers[i]);
      nodes.forward_backward->Open(nodes.training.context);  // with whole batches again
      nodes.forward_backward->Start();
      Plan(nodes, one_pass);
      acc::FailAllocation(number, static_cast<acc::Shortage>(number % 5));
      check(Of(nodes), *nodes.forward_backward);
    }
  }
};

// As if the window had begun in micro-batches of half the size, to the bit; or, where the stage had
// no room for a copy or libtorch did without, as if nothing had happened.
TEST_P(EveryShortage, LeavesNothingOfTheFirstTry) {
  const Left whole = Expected(false), halves = Expected(true);
  ASSERT_FALSE(Same(whole, halves));
  int again = 0;
  FailEverywhere(/*one_pass=*/false, [&](const Left& left, const ForwardBackward& training) {
    const bool halved = training.micro_batch() < Window().rows;
    again += halved ? 1 : 0;
    EXPECT_TRUE(Same(left, halved ? halves : whole));
  });
  EXPECT_GT(again, 100);
}

// Two passes over the same micro-batches give what one would have given, to the bit.
TEST_P(EveryShortage, InOnePassMakesTwo) {
  const Left whole = Expected(false);
  ::testing::internal::CaptureStderr();
  FailEverywhere(/*one_pass=*/true, [&](const Left& left, const ForwardBackward& training) {
    EXPECT_EQ(training.micro_batch(), Window().rows);
    EXPECT_TRUE(Same(left, whole));
  });
  const std::string log = ::testing::internal::GetCapturedStderr();
  int again = 0;
  for (size_t at = 0; (at = log.find("in two passes", at)) != std::string::npos; ++at) ++again;
  EXPECT_GT(again, 70);
}

// A step that does not throw is whole.
TEST_P(EveryShortage, InTheOptimizersStepIsNeverSilent) {
  const auto step = [](int64_t failing) -> std::optional<at::Tensor> {
    LaneNodes nodes(Window());
    nodes.ForwardBackwardAll();
    acc::FailAllocation(failing, static_cast<acc::Shortage>(failing % 5));
    try {
      nodes.optimizer_step->Process(nodes.step);
    } catch (const std::exception& error) {
      EXPECT_TRUE(IsOutOfMemory(error)) << error.what();
      acc::FailAllocation(0);
      return std::nullopt;
    }
    const int64_t allocations = acc::Allocations();
    acc::FailAllocation(0);
    EXPECT_TRUE(nodes.payload().record->Fetch(/*wait=*/true));
    std::vector<at::Tensor> all = {at::full({1}, allocations)};
    for (const at::Tensor& parameter : nodes.model().module().parameters())
      all.push_back(parameter.detach().cpu().flatten());
    all.push_back(nodes.Buffers().cpu().to(at::kFloat));
    return at::cat(all);
  };
  const at::Tensor whole = *step(0);
  const auto allocations = whole[0].item<int64_t>();
  std::printf("[          ] %d allocations\n", static_cast<int>(allocations));
  int thrown = 0;
  for (int64_t number = 1 + GetParam(); number <= allocations; number += kSlices) {
    const std::optional<at::Tensor> left = step(number);
    thrown += left ? 0 : 1;
    if (left) {
      EXPECT_TRUE(left->slice(0, 1).equal(whole.slice(0, 1))) << number;
    }
  }
  EXPECT_GT(thrown, 0);
}

INSTANTIATE_TEST_SUITE_P(Slices, EveryShortage, ::testing::Range(0, kSlices));

// A window takes one pass only where its graphs fit, which is known without running out of memory.
TEST_F(Shortages, TheMemoryThereIsDecidesThePasses) {
  struct Run {
    ForwardBackward::Passes planned;
    size_t peak_bytes = 0;
    int64_t kernels = 0;
  };
  const auto run = [](size_t capacity_bytes) {
    acc::Configure({.capacity_bytes = capacity_bytes});
    LaneNodes::Settings settings = Window();
    settings.side = 64;
    settings.model = {{"width_multiplier", "1"}};
    LaneNodes nodes(settings);
    const ForwardBackward::Passes planned = nodes.forward_backward->PlanPasses(8);
    EXPECT_GT(planned.graph_bytes, size_t{10} << 20);
    const int64_t before = acc::GetCounts().kernels;
    nodes.ForwardBackwardAll();
    EXPECT_EQ(nodes.forward_backward->micro_batch(), settings.rows);
    return Run{planned, AllocatedPeak(), acc::GetCounts().kernels - before};
  };
  const Run one = run(size_t{1} << 30);
  EXPECT_EQ(one.planned.count, 1);
  const Run two = run(one.peak_bytes + one.planned.graph_bytes);
  EXPECT_EQ(two.planned.count, 2);
  EXPECT_EQ(two.planned.graph_bytes, one.planned.graph_bytes);
  EXPECT_GT(two.kernels, one.kernels + 100);
}

TEST_F(Shortages, EndTheRunWhereNotEvenOneImageFits) {
  LaneNodes nodes(Window());
  for (auto& batch : nodes.batches) nodes.stage->Process(*batch);
  acc::FailAllocation(200, acc::Shortage::kCudnnNoEngine, /*forever=*/true);
  EXPECT_THROW(
      {
        for (auto& batch : nodes.batches) nodes.forward_backward->Process(*batch, nodes.step);
      },
      EndRun);
  acc::FailAllocation(0);
  EXPECT_EQ(nodes.forward_backward->micro_batch(), 1);
}

TEST_F(Shortages, AutoFindsWhatFits) {
  LaneNodes::Settings settings = Window();
  settings.side = 48;
  settings.model = {{"width_multiplier", "1"}};
  settings.window = 1;
  settings.rows = 32;
  size_t one_pass_bytes = 0;
  {
    LaneNodes nodes(settings);
    nodes.ForwardBackwardAll();
    nodes.training.device->Synchronize();
    one_pass_bytes = AllocatedPeak();
  }
  settings.forward_backward = {{"gradient_accumulation", "auto"}, {"effective_batch", "32"}};
  const auto found = [&](size_t capacity_bytes) {
    acc::Configure({.capacity_bytes = capacity_bytes});
    const LaneNodes nodes(settings);
    return nodes.forward_backward->micro_batch();
  };
  EXPECT_EQ(found(size_t{2} << 30), 32);
  const int64_t less = found(one_pass_bytes - (size_t{1} << 20));
  EXPECT_LT(less, 32);
  EXPECT_GT(less, 1);
}

TEST_F(Shortages, WithoutPageLockedMemoryTrainingGoesOn) {
  const Left with = Expected(false);
  acc::FailPinnedAllocations(true);
  ::testing::internal::CaptureStderr();
  LaneNodes nodes(Window());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("no more memory can be page-locked"));
  EXPECT_EQ(log.find("page-locked"), log.rfind("page-locked"));  // once
  EXPECT_TRUE(Same(Of(nodes), with));
  nodes.RunStep();
  EXPECT_TRUE(nodes.payload().record->Fetch(/*wait=*/true));
  HostCopy copy;
  const at::Tensor on_device = at::ones({3}, at::TensorOptions().device(c10::Device("mtia:0")));
  EXPECT_TRUE(copy.Take({{"ones", on_device}})[0].second.equal(at::ones({3})));
}

TEST_F(Shortages, ALostDeviceIsNoLackOfMemory) {
  LaneNodes nodes(Window());
  acc::LoseDeviceAfter(300);
  try {
    nodes.ForwardBackwardAll();
    nodes.training.device->Synchronize();
    ADD_FAILURE() << "nobody saw that the device is lost";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("unspecified launch failure"));
  }
  EXPECT_EQ(nodes.forward_backward->micro_batch(), 4);
}

}  // namespace
}  // namespace flowtrain
