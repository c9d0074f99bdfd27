#include "nodes/evaluate/caveats.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kAnimals = {"cat", "dog", "fox"};

at::Tensor Labels(const std::vector<int64_t>& labels) { return at::tensor(labels, at::kLong); }

TEST(Caveats, AreNoneWhereEveryClassIsInBoth) {
  EXPECT_THAT(Caveats(Labels({0, 1, 2}), at::arange(12, at::kLong).remainder(3), kAnimals, false),
              IsEmpty());
}

TEST(Caveats, NameWhatTheBankLacksAndWhatNobodyAsksFor) {
  EXPECT_THAT(Caveats(Labels({0, 0, 1}), Labels({0, 0, 0, 0, 0, 0, 0, 0, 2, 2}), kAnimals, false),
              ElementsAre("the bank has no image of the class fox: 2 queries cannot be right",
                          "no query is of the class dog: the accuracy says nothing about them"));
}

TEST(Caveats, AnImageIsNotInItsOwnBank) {
  const at::Tensor labels = Labels({0, 0, 0, 0, 0, 0, 1, 1, 1, 2});
  EXPECT_THAT(Caveats(labels, labels, kAnimals, true),
              ElementsAre("the bank has no other image of the class fox: 1 query cannot be right"));
}

TEST(Caveats, TellOfOneClassAndOfFewQueries) {
  EXPECT_THAT(Caveats(Labels({1, 1}), Labels({1, 1, 1, 1}), {"cat", "dog"}, false),
              ElementsAre("all 2 images of the bank are of the class dog: every query is taken "
                          "for one",
                          "all 4 queries are of the class dog",
                          "no query is of the class cat: the accuracy says nothing about them",
                          "there are only 4 queries, each 25.0% of the accuracy"));
}

}  // namespace
}  // namespace flowtrain
