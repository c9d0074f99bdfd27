#include "nodes/evaluate/probe_features.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

TEST(HoldOut, TakesEveryNthImageOfEachClass) {
  const at::Tensor labels = at::tensor({0, 1, 0, 1, 0, 1, 0, 1, 1}, at::kLong);
  const Features all{at::arange(9, at::kFloat).view({9, 1}), labels};
  const HeldOut parts = HoldOut(all, 2);
  EXPECT_TRUE(parts.held.features.flatten().equal(at::tensor({2.F, 3.F, 6.F, 7.F})));
  EXPECT_TRUE(parts.held.labels.equal(at::tensor({0, 1, 0, 1}, at::kLong)));
  EXPECT_TRUE(parts.kept.features.flatten().equal(at::tensor({0.F, 1.F, 4.F, 5.F, 8.F})));
  EXPECT_THROW(HoldOut(all, 6), DataError);
}

}  // namespace
}  // namespace flowtrain
