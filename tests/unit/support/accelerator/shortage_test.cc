// A window for which the memory of an accelerator does not suffice.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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
  // With what batches leave on the device when nothing fails, or all of it in halves.
  static Left Expected(bool halved) {
    LaneNodes nodes(Window());
    acc::FailAllocation(halved ? 4 : 0);
    return Of(nodes);
  }
};

// As if the window had begun in micro-batches of half the size, to the bit; or, where the stage had
// no room for a copy or libtorch did without, as if nothing had happened.
TEST_F(Shortages, AtAnyAllocationOfAWindowNothingOfTheFirstTryIsLeft) {
  const Left whole = Expected(false), halves = Expected(true);
  ASSERT_FALSE(Same(whole, halves));
  LaneNodes nodes(Window());
  std::vector<at::Tensor> buffers;
  for (const at::Tensor& buffer : nodes.model().module().buffers()) buffers.push_back(buffer.cpu());
  acc::FailAllocation(0);
  nodes.ForwardBackwardAll();
  const int64_t allocations = acc::Allocations(), stride = std::max<int64_t>(1, allocations / 24);
  ASSERT_GT(allocations, 500);
  int64_t again = 0;
  for (int64_t number = 1, each = 0; number <= allocations; number += stride, ++each) {
    const std::vector<at::Tensor> now = nodes.model().module().buffers();
    for (size_t i = 0; i < now.size(); ++i) now[i].copy_(buffers[i]);
    nodes.forward_backward->Open(nodes.training.context);  // with whole batches again
    nodes.forward_backward->Start();
    acc::FailAllocation(number, static_cast<acc::Shortage>(each % 5));
    const Left left = Of(nodes);
    const bool halved = nodes.forward_backward->micro_batch() < nodes.settings.rows;
    again += halved ? 1 : 0;
    EXPECT_TRUE(Same(left, halved ? halves : whole)) << number;
  }
  EXPECT_GT(again, 15);
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
  size_t peak_bytes = 0;
  const auto found = [&](size_t capacity_bytes) {
    acc::Configure({.capacity_bytes = capacity_bytes});
    LaneNodes::Settings settings = Window();
    settings.side = 16;
    settings.forward_backward = {{"gradient_accumulation", "auto"}, {"effective_batch", "32"}};
    const LaneNodes nodes(settings);
    peak_bytes = nodes.training.device->PeakBytes();
    return nodes.forward_backward->micro_batch();
  };
  EXPECT_EQ(found(size_t{2} << 30), 32);
  const int64_t less = found(peak_bytes - (size_t{1} << 20));
  EXPECT_LT(less, 32);
  EXPECT_GE(less, 1);
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
