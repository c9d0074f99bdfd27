#include "pipeline/base/text/suggest.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

TEST(EditDistance, CountsInsertDeleteReplaceAndSwap) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("wrokers", "workers"), 1u);
  EXPECT_EQ(EditDistance("ca", "abc"), 3u);  // optimal string alignment, not the full distance
  EXPECT_EQ(EditDistance("Decode", "dEcode"), 0u);
}

TEST(Nearest, FindsASlipAndNothingElse) {
  const std::vector<std::string> known = {"batch_size", "num_workers", "root", "kind"};
  EXPECT_EQ(Nearest("num_worker", known), "num_workers");
  EXPECT_EQ(Nearest("batchsize", known), "batch_size");
  EXPECT_EQ(Nearest("rot", known), "root");
  EXPECT_EQ(Nearest("knid", known), "kind");
  EXPECT_EQ(Nearest("learning_rate", known), "");
  EXPECT_EQ(Nearest("x", known), "");
  EXPECT_EQ(Nearest("x", {"y"}), "");
  EXPECT_EQ(Nearest("", known), "");
  EXPECT_EQ(Nearest("root", {}), "");
}

TEST(DidYouMean, EndsAMessage) {
  EXPECT_EQ(DidYouMean("knid", {"kind"}), "; did you mean 'kind'?");
  EXPECT_EQ(DidYouMean("zzzz", {"kind"}), "");
}

}  // namespace
}  // namespace flowtrain
