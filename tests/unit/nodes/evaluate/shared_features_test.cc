// What ranks give each other of their features, by a single one that goes through Gloo.
#include "nodes/evaluate/shared_features.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

class SharedFeatures : public testing::Test {
 protected:
  SharedFeatures() {
    Bind(ranks_, {{"backend", "gloo"}});
    ranks_.Open(context_);
  }

  const TestContext context_;
  RankGroup ranks_;
};

TEST_F(SharedFeatures, ArriveInPartsAsInOne) {
  const FeatureTable own{at::rand({7, 3}), at::arange(7, at::kLong), at::arange(7, at::kLong) * 2};
  for (const int64_t at_a_time : {1, 6, 8, 21, 1000}) {  // 1, 2, 2, 7 and all rows
    const FeatureTable all = GatherForLeader(own, ranks_, at_a_time);
    EXPECT_TRUE(all.features.equal(own.features)) << at_a_time;
    EXPECT_TRUE(all.labels.equal(own.labels)) << at_a_time;
    EXPECT_TRUE(all.ids.equal(own.ids)) << at_a_time;
  }
}

TEST_F(SharedFeatures, OfNoRankAreNone) {
  EXPECT_FALSE(GatherForLeader({}, ranks_).features.defined());
}

}  // namespace
}  // namespace flowtrain
