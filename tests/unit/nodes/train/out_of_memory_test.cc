// Windows for which memory does not suffice.

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "pipeline/base/error.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/lane_nodes.h"
#include "tests/support/tensors.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const LaneNodes::Settings kWindow{.window = 2, .rows = 4, .side = 8};

LaneNodes::Settings With(Options options) {
  LaneNodes::Settings settings = kWindow;
  settings.forward_backward = std::move(options);
  return settings;
}

// From now on, as if memory sufficed for one micro-batch at a time.
void TakeTwoPasses(FailingAllocator& allocator, LaneNodes& nodes) {
  const LaneNodes::Settings& settings = nodes.settings;
  allocator.FailAt(1);
  EXPECT_EQ(nodes.forward_backward->PlanPasses(int64_t{settings.window} * settings.rows).count, 2);
  allocator.FailAt(0);
}

void TakeStep(LaneNodes& nodes) {
  nodes.optimizer_step->Process(nodes.step);
  ++nodes.step.step;
}

// Allocations of a window from the first to the last: staging, both passes, the loss, backward.
std::set<int64_t> Phases(FailingAllocator& allocator, LaneNodes& nodes) {
  constexpr int64_t kPhases = 8;
  TakeTwoPasses(allocator, nodes);
  nodes.ForwardBackwardAll();
  std::set<int64_t> phases;
  for (int64_t i = 0; i < kPhases; ++i)
    phases.insert(1 + (allocator.count() - 1) * i / (kPhases - 1));
  return phases;
}

// Some operations of libtorch catch the exception, and do without the memory or try again: to the
// window nothing happened then.
bool Noticed(const LaneNodes& nodes) {
  return nodes.forward_backward->micro_batch() < nodes.settings.rows;
}

// With batch-norm frozen the split changes nothing at all but rounding.
TEST(OutOfMemory, WhereverItHappensTheLossOfTheWindowIsTheSame) {
  FailingAllocator allocator;
  LaneNodes whole(kWindow);
  whole.model().SetTraining(false);
  size_t noticed = 0;
  const std::set<int64_t> phases = Phases(allocator, whole);
  for (const int64_t phase : phases) {
    LaneNodes nodes(kWindow);
    TakeTwoPasses(allocator, nodes);
    nodes.model().SetTraining(false);
    allocator.FailAt(phase);
    nodes.ForwardBackwardAll();
    allocator.FailAt(0);
    if (Noticed(nodes)) ++noticed;
    EXPECT_NEAR(nodes.payload().loss.item<double>(), whole.payload().loss.item<double>(), 1e-5);
    EXPECT_LT(RelativeDifference(nodes.Gradients(), whole.Gradients()), 1e-5) << phase;
  }
  EXPECT_GT(noticed, phases.size() / 2);
}

// With batch-norm in training: as if the window had begun in the smaller micro-batches, to the bit,
// running statistics included. Nothing of the first try is left.
TEST(OutOfMemory, WhereverItHappensNothingOfTheFirstTryIsLeft) {
  FailingAllocator allocator;
  LaneNodes whole(kWindow);
  const std::set<int64_t> phases = Phases(allocator, whole);
  LaneNodes halves(kWindow);  // out of memory before anything was computed
  TakeTwoPasses(allocator, halves);
  allocator.FailAt(1);
  halves.ForwardBackwardAll();
  ASSERT_EQ(halves.forward_backward->micro_batch(), 2);
  for (const int64_t phase : phases) {
    LaneNodes nodes(kWindow);
    TakeTwoPasses(allocator, nodes);
    allocator.FailAt(phase);
    nodes.ForwardBackwardAll();
    allocator.FailAt(0);
    const LaneNodes& expected = Noticed(nodes) ? halves : whole;
    EXPECT_TRUE(nodes.payload().loss.equal(expected.payload().loss)) << phase;
    EXPECT_TRUE(nodes.Gradients().equal(expected.Gradients())) << phase;
    EXPECT_TRUE(nodes.Buffers().equal(expected.Buffers())) << phase;
  }
}

// Before it takes smaller micro-batches, which batch-norm would see. Losses, gradients and statistics
// are those of a window for which memory sufficed, to the bit, and so are those of the next one.
TEST(OutOfMemory, InOnePassTheWindowIsComputedInTwo) {
  FailingAllocator allocator;
  LaneNodes whole(kWindow);
  ASSERT_EQ(whole.forward_backward->PlanPasses(8).count, 1);
  allocator.FailAt(0);
  whole.ForwardBackwardAll();
  const int64_t allocations = allocator.count();
  const at::Tensor gradients = whole.Gradients(), buffers = whole.Buffers();
  TakeStep(whole);
  whole.ForwardBackwardAll();
  int fell_back = 0;
  for (int64_t phase = 1; phase < allocations; phase += allocations / 8) {
    SCOPED_TRACE(phase);
    LaneNodes nodes(kWindow);
    ASSERT_EQ(nodes.forward_backward->PlanPasses(8).count, 1);
    allocator.FailAt(phase);
    ::testing::internal::CaptureStderr();
    nodes.ForwardBackwardAll();
    const std::string log = ::testing::internal::GetCapturedStderr();
    allocator.FailAt(0);
    if (log.find("in two passes through the network instead of one") != std::string::npos)
      ++fell_back;
    EXPECT_EQ(nodes.forward_backward->micro_batch(), 4);
    EXPECT_TRUE(nodes.Gradients().equal(gradients));
    EXPECT_TRUE(nodes.Buffers().equal(buffers));
    TakeStep(nodes);
    nodes.ForwardBackwardAll();
    EXPECT_TRUE(nodes.payload().loss.equal(whole.payload().loss));
    EXPECT_TRUE(nodes.Gradients().equal(whole.Gradients()));
  }
  EXPECT_GT(fell_back, 4);
}

TEST(OutOfMemory, LaterWindowsKeepTheSmallerMicroBatches) {
  FailingAllocator allocator;
  LaneNodes nodes(kWindow);
  TakeTwoPasses(allocator, nodes);
  allocator.FailAt(1000);
  nodes.RunStep();
  ASSERT_EQ(nodes.forward_backward->micro_batch(), 2);
  allocator.FailAt(0);
  nodes.RunStep();
  EXPECT_EQ(nodes.forward_backward->micro_batch(), 2);
}

TEST(OutOfMemory, SaysWhatToWriteIntoTheConfiguration) {
  FailingAllocator allocator;
  LaneNodes nodes(kWindow);
  TakeTwoPasses(allocator, nodes);
  allocator.FailAt(1000);
  ::testing::internal::CaptureStderr();
  nodes.ForwardBackwardAll();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(
      log,
      HasSubstr("set batch_size of 'stage' to 2 and gradient_accumulation of 'under_test' to 4"));
}

TEST(OutOfMemory, EndsTheRunWhenNotEvenOneImageFits) {
  FailingAllocator allocator;
  LaneNodes nodes(kWindow);
  const at::Tensor before = nodes.Buffers();
  allocator.FailAt(1000, /*forever=*/true);
  EXPECT_THROW(nodes.ForwardBackwardAll(), EndRun);
  allocator.FailAt(0);
  EXPECT_EQ(nodes.forward_backward->micro_batch(), 1);
  EXPECT_TRUE(nodes.Buffers().equal(before));
  EXPECT_FALSE(nodes.model().module().parameters()[0].grad().defined());
}

// A pair alone has no negatives there.
TEST(OutOfMemory, IndependentEndsAtTwoImages) {
  FailingAllocator allocator;
  LaneNodes nodes(With({{"accumulation", "independent"}}));
  allocator.FailAt(1000, /*forever=*/true);
  EXPECT_THAT([&] { nodes.ForwardBackwardAll(); },
              ThrowsMessage<EndRun>(HasSubstr("micro-batches of 2 images")));
}

TEST(OutOfMemory, AutoOnACpuTakesTheLoadersBatches) {
  const LaneNodes nodes(With({{"gradient_accumulation", "auto"}, {"effective_batch", "8"}}));
  EXPECT_EQ(nodes.forward_backward->micro_batch(), 4);
}

}  // namespace
}  // namespace flowtrain
