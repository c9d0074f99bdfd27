#include "nodes/evaluate/confusion.h"

#include <gtest/gtest.h>

#include <array>

namespace flowtrain {
namespace {

const Confusion kTwo = {{"cat", "dog"}, {3, 1, 0, 0}};

TEST(Confusion, TheTableHasTheCountsAndWhatIsRight) {
  EXPECT_EQ(ConfusionTable(kTwo),
            "     class  right  0  1\n"
            "  0  cat    75.0%  3  1\n"
            "  1  dog    -      0  0\n");
}

TEST(Confusion, TheFileHasTheNamesAndARowATrueClass) {
  EXPECT_EQ(ConfusionJson(kTwo),
            R"({"format":"flowtrain confusion","version":1,"classes":["cat","dog"],)"
            R"("counts":[[3,1],[0,0]]})");
}

TEST(Confusion, ThePictureHasACellForEachPair) {
  const Picture picture = ConfusionPicture(kTwo);
  ASSERT_EQ(picture.side, 480);
  const auto middle = [&](int row, int column) {
    const size_t at = (static_cast<size_t>(row * 240 + 120) * 480 + column * 240 + 120) * 3;
    return std::array<int, 3>{picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]};
  };
  EXPECT_LT(middle(0, 0)[0], middle(0, 0)[2]) << "right is blue";
  EXPECT_GT(middle(0, 1)[0], middle(0, 1)[2]) << "wrong is red";
  EXPECT_LT(middle(0, 0)[1], middle(0, 1)[1]) << "more is darker";
  EXPECT_EQ(middle(1, 0), (std::array<int, 3>{255, 255, 255}));
  EXPECT_EQ(middle(1, 1), (std::array<int, 3>{255, 255, 255}));
}

TEST(Confusion, ManyClassesHaveAPixelEach) {
  Confusion many;
  many.classes.resize(1000);
  many.counts.resize(1'000'000);
  EXPECT_EQ(ConfusionPicture(many).side, 1000);
}

}  // namespace
}  // namespace flowtrain
