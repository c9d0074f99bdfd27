#include "tools/measure/view_sizes.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

TEST(ViewSizes, AreSaidOnceWhereAllAreAlike) {
  EXPECT_EQ(CommonSide({96, 96}), 96);
  EXPECT_EQ(ShowViewSizes({96, 96}), "96x96");
  EXPECT_EQ(ShowViewSizes({224}, " x "), "224 x 224");
}

TEST(ViewSizes, AreCountedWhereTheyDiffer) {
  EXPECT_EQ(CommonSide({96, 36}), std::nullopt);
  EXPECT_EQ(ShowViewSizes({96, 96, 36, 36, 36}), "2 of 96x96 and 3 of 36x36");
  EXPECT_EQ(ShowViewSizes({96, 36, 96, 20}, " x "), "2 of 96 x 96, 1 of 36 x 36 and 1 of 20 x 20");
}

}  // namespace
}  // namespace flowtrain
