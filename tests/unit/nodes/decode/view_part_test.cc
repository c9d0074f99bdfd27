#include "nodes/decode/view_part.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

constexpr int kLarge = 224, kSmall = 96, kLargeViews = 2, kSmallViews = 6;

BatchLayout MultiCrop() {
  BatchLayout layout{4, kLargeViews + kSmallViews, 0};
  for (int view = 0; view < layout.views; ++view) {
    const size_t side = view < kLargeViews ? kLarge : kSmall;
    layout.bytes_of_views.push_back(3 * side * side);
  }
  return layout;
}

TEST(ViewPart, HoldsTheCropsOfAllRecipesWithThePixelsOfEach) {
  const auto recipe = Make<ViewRecipe>(
      {{"views",
        "[{count: 2, size: 224, crop_scale: [0.4, 1]}, {count: 6, size: 96, crop_scale: [0.05, "
        "0.4]}]"}});
  const BatchLayout layout = MultiCrop();
  recipe->Open(TestContext({}, layout));
  const int height = 1500, width = 2000;
  int most_reduced = 1;
  for (uint64_t id = 0; id < 200; ++id) {
    const ViewKey key{7, 1, id};
    const WantedPart part = ViewPart(*recipe, key, layout.views).Choose(height, width);
    int top = height, left = width, bottom = 0, right = 0;
    bool could_halve = part.shrink < 8;
    for (int view = 0; view < layout.views; ++view) {
      const ViewParams crop = recipe->Draw(key, view, height, width);
      top = std::min(top, crop.top);
      left = std::min(left, crop.left);
      bottom = std::max(bottom, crop.top + crop.height);
      right = std::max(right, crop.left + crop.width);
      const int side = std::min(crop.height, crop.width), size = recipe->size(view);
      EXPECT_GE(side / part.shrink, size) << "image " << id << ", view " << view;
      could_halve = could_halve && side / (2 * part.shrink) >= size;
    }
    EXPECT_FALSE(could_halve) << "image " << id;
    EXPECT_EQ(part.top, top);
    EXPECT_EQ(part.left, left);
    EXPECT_EQ(part.height, bottom - top);
    EXPECT_EQ(part.width, right - left);
    most_reduced = std::max(most_reduced, part.shrink);
  }
  EXPECT_GE(most_reduced, 4) << "all were decoded at full size";
}

}  // namespace
}  // namespace flowtrain
