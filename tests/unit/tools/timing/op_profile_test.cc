#include "tools/timing/op_profile.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flowtrain {
namespace {

constexpr uint64_t kLane = 1, kBackward = 2;

const OpTime& Of(const std::vector<OpTime>& ops, const std::string& name) {
  for (const OpTime& op : ops) {
    if (op.name == name) return op;
  }
  ADD_FAILURE() << name << " is missing";
  return ops.front();
}

ProfiledEvent Operator(const std::string& name, uint64_t begin_us, uint64_t end_us, uint64_t number,
                       uint64_t thread = kLane) {
  return {name, false, thread, begin_us * 1000, end_us * 1000, number, 0};
}
ProfiledEvent LaunchCall(uint64_t begin_us, uint64_t end_us, uint64_t of) {
  return {"cudaLaunchKernel", false, kLane, begin_us * 1000, end_us * 1000, 0, of};
}
ProfiledEvent Kernel(uint64_t begin_us, uint64_t end_us, uint64_t of) {
  return {"a kernel", true, 0, begin_us * 1000, end_us * 1000, 0, of};
}

TEST(SumUpOperators, TakesTheTimeOfInnerOperatorsFromTheOuter) {
  const auto ops =
      SumUpOperators({Operator("outer", 0, 10, 1), Operator("inner", 2, 6, 2),
                      Operator("inner", 7, 8, 3), Operator("other", 0, 9, 4, kBackward)});
  ASSERT_EQ(ops.size(), 3u);
  EXPECT_DOUBLE_EQ(Of(ops, "outer").self_us, 5);
  EXPECT_DOUBLE_EQ(Of(ops, "inner").self_us, 5);
  EXPECT_EQ(Of(ops, "inner").calls, 2u);
  EXPECT_DOUBLE_EQ(Of(ops, "other").self_us, 9);
}

// A call of CUDA's is part of the operator that made it, not an operator.
TEST(SumUpOperators, CountsTheCallsOfVendorsLibrariesAsTheirOperators) {
  const auto ops = SumUpOperators({Operator("conv", 0, 10, 1), LaunchCall(2, 6, 1),
                                   Operator("add", 11, 13, 2), LaunchCall(11, 12, 2)});
  ASSERT_EQ(ops.size(), 2u);
  EXPECT_DOUBLE_EQ(Of(ops, "conv").self_us, 10);
  EXPECT_DOUBLE_EQ(Of(ops, "add").self_us, 2);
}

TEST(SumUpOperators, GivesKernelsToTheOperatorThatStartedThem) {
  const auto ops =
      SumUpOperators({Operator("conv", 0, 10, 1), LaunchCall(2, 6, 1), Operator("add", 11, 13, 2),
                      LaunchCall(11, 12, 2), Kernel(20, 50, 1), Kernel(50, 57, 2),
                      Kernel(57, 60, 1), Kernel(60, 90, 0)});
  ASSERT_EQ(ops.size(), 2u);
  EXPECT_DOUBLE_EQ(Of(ops, "conv").device_us, 33);
  EXPECT_DOUBLE_EQ(Of(ops, "add").device_us, 7);
  EXPECT_EQ(ops.front().name, "conv");  // the most device time first
}

// A synchronisation outside all operators is linked to none, and is numbered by its library.
TEST(SumUpOperators, DoesNotGiveKernelsToCallsOutsideOperators) {
  const auto ops = SumUpOperators({Operator("conv", 0, 10, 1),
                                   {"cudaDeviceSynchronize", false, kLane, 11000, 99000, 0, 0},
                                   Kernel(20, 50, 1)});
  EXPECT_DOUBLE_EQ(Of(ops, "conv").device_us, 30);
  EXPECT_DOUBLE_EQ(Of(ops, "cudaDeviceSynchronize").device_us, 0);
}

// From 100 to 200 on the engine's clock.
TEST(ShareOfTime, CountsNoMomentTwiceAndNoneOutside) {
  const std::vector<DeviceWork> device = {
      {"before", false, 50, 110},     {"one", false, 120, 140},   {"beside", false, 130, 150},
      {"within", false, 135, 138},    {"Memcpy", true, 100, 160}, {"after", false, 190, 400},
      {"much later", false, 500, 900}};
  EXPECT_DOUBLE_EQ(ShareOfTime(device, false, 100, 200), 0.5);
  EXPECT_DOUBLE_EQ(ShareOfTime(device, true, 100, 200), 0.6);
  EXPECT_DOUBLE_EQ(ShareOfTime({}, true, 100, 200), 0);
}

}  // namespace
}  // namespace flowtrain
