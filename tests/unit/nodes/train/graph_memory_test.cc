// What a forward pass leaves in memory, and how many of them fit.

#include "nodes/train/graph_memory.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <new>

#include "nodes/device/free_memory.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/lane_nodes.h"

namespace flowtrain {
namespace {

constexpr int64_t kNumbers = int64_t{1} << 20;
constexpr uint64_t kBytes = 4 * kNumbers;

// exp saves its result, sin what it was given: two tensors stay, the sum between them does not.
TEST(GraphMemory, CountsWhatTheBackwardPassNeeds) {
  const Training training;
  GraphMemory memory(*training.device, 0);
  const at::Tensor weights = at::ones({kNumbers}).requires_grad_();
  const auto forward = [&] { return (weights.exp() + 1).sin(); };
  ASSERT_TRUE(memory.Measure(forward));
  EXPECT_EQ(memory.micro_batch_bytes(), 3 * kBytes);  // the result is one more
  {
    const c10::NoGradGuard no_grad;
    ASSERT_TRUE(memory.Measure(forward));
  }
  EXPECT_EQ(memory.micro_batch_bytes(), kBytes);
}

TEST(GraphMemory, IsNotKnownWhereMemoryDoesNotSuffice) {
  const Training training;
  GraphMemory memory(*training.device, 0);
  FailingAllocator allocator;
  allocator.FailAt(1);
  EXPECT_FALSE(memory.Measure([] { return at::ones({kNumbers}); }));
  EXPECT_EQ(memory.micro_batch_bytes(), 0u);
}

// A CPU's graphs take at most half of what is free.
TEST(GraphMemory, HasRoomForWhatIsFree) {
  const Training training;
  GraphMemory memory(*training.device, 0);
  ASSERT_TRUE(memory.Measure([] { return at::ones({kNumbers}); }));
  const auto all = static_cast<int64_t>(FreeBytes(*training.device) / kBytes);
  EXPECT_TRUE(memory.HasRoomFor(all / 4));
  EXPECT_FALSE(memory.HasRoomFor(all * 3 / 4));
}

TEST(FreeMemory, KnowsWhoSaysThatTheHostHasTooLittle) {
  EXPECT_TRUE(IsOutOfHostMemory(std::bad_alloc()));
  EXPECT_TRUE(IsOutOfHostMemory(c10::Error(
      "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes", nullptr)));
  EXPECT_FALSE(IsOutOfHostMemory(c10::Error("mat1 and mat2 shapes cannot be multiplied", nullptr)));
}

// A limit on addresses is one on memory.
TEST(FreeMemory, OfAProcessIsWhatItMayMap) {
  const Training training;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const uint64_t now = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  constexpr uint64_t kMore = uint64_t{64} << 20;
  const rlimit limited{now + kMore, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limited), 0);
  const uint64_t free = FreeBytes(*training.device);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_LE(free, kMore);
  EXPECT_GT(FreeBytes(*training.device), kMore);
}

TEST(ForwardBackward, TakesOnePassWhereTheGraphsOfAWindowFit) {
  LaneNodes nodes({.window = 3});
  ForwardBackward& training = *nodes.forward_backward;
  const ForwardBackward::Passes few = training.PlanPasses(12), many = training.PlanPasses(1 << 30);
  EXPECT_EQ(few.count, 1);
  EXPECT_GT(few.graph_bytes, 0u);
  EXPECT_EQ(many.count, 2);
  EXPECT_EQ(many.graph_bytes, few.graph_bytes / 3 * (1 << 28));
  EXPECT_EQ(training.PlanPasses(4).count, 0);  // a single micro-batch
  const LaneNodes independent({.window = 3, .forward_backward = {{"accumulation", "independent"}}});
  EXPECT_EQ(independent.forward_backward->PlanPasses(12).count, 0);
}

// Its own forward pass, before the first window, moves nothing.
TEST(ForwardBackward, PlanningLeavesTheStatisticsAlone) {
  const LaneNodes nodes(2);
  const at::Tensor before = nodes.Buffers();
  nodes.forward_backward->PlanPasses(8);
  EXPECT_TRUE(nodes.Buffers().equal(before));
}

}  // namespace
}  // namespace flowtrain
