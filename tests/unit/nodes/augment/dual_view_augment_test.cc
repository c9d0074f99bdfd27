#include "nodes/augment/dual_view_augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nodes/augment/fused_view.h"
#include "nodes/augment/reference_view.h"
#include "nodes/augment/view_recipe.h"
#include "nodes/image/image_levels.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tests/support/components.h"
#include "tests/support/image_slot.h"
#include "tests/support/made_images.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using testing::Each;
using testing::HasSubstr;

// The node and its recipe as a graph makes them.
struct Made {
  std::unique_ptr<ViewRecipe> recipe;
  std::unique_ptr<SampleNode> node;
  SampleNode* operator->() const { return node.get(); }
};

Made MakeNode(const Options& recipe, size_t view_bytes) {
  Made made{Make<ViewRecipe>(recipe), Make<DualViewAugment>()};
  made.recipe->Open(TestContext({}, {4, 2, view_bytes}));
  made.node->Open(TestContext({{"views", made.recipe.get()}}, {4, 2, view_bytes}));
  return made;
}

const Options kOff = {{"size", "24"}, {"flip", "0"}, {"jitter", "0"}, {"grey", "0"}, {"blur", "0"}};

// One sample in row 2 of a batch of four.
class Row {
 public:
  Row(int size, Bytes image, int height, int width)
      : image_(std::move(image)), view_bytes_(static_cast<size_t>(size * size * 3)) {
    batch_.layout = {4, 2, view_bytes_};
    buffer_.assign(batch_.layout.bytes(), 0xA5);
    batch_.buffer = buffer_.data();
    sample.seed = 42;
    sample.epoch = 1;
    sample.id = 77;
    sample.batch = &batch_;
    sample.row = 2;
    static_cast<Pixels&>(sample.image()) = WholeImage(image_, height, width);
  }

  Bytes View(int view) const {
    const uint8_t* row = batch_.Row(view, 2);
    return Bytes(row, row + view_bytes_);
  }
  // Bytes of the buffer outside of the sample's two views.
  Bytes Rest() const {
    Bytes rest;
    for (int view = 0; view < 2; ++view) {
      for (const int row : {0, 1, 3}) {
        rest.insert(rest.end(), batch_.Row(view, row), batch_.Row(view, row) + view_bytes_);
      }
    }
    return rest;
  }

  ImageSlot sample;

 private:
  Bytes image_, buffer_;
  size_t view_bytes_;
  Batch batch_;
};

TEST(DualViewAugment, WritesBothViewsToItsRowAndNowhereElse) {
  const auto node = MakeNode({{"size", "24"}}, 24 * 24 * 3);
  Row row(24, SmoothImage(40, 50), 40, 50);
  Worker worker{1};
  EXPECT_TRUE(node->Process(row.sample, worker).ok);
  EXPECT_THAT(row.Rest(), Each(0xA5));
  EXPECT_NE(row.View(0), Bytes(24 * 24 * 3, 0xA5));
  EXPECT_NE(row.View(1), Bytes(24 * 24 * 3, 0xA5));
  EXPECT_NE(row.View(0), row.View(1));
}

TEST(DualViewAugment, MakesTheViewsOfTheDrawnParameters) {
  const auto node = MakeNode({{"size", "24"}}, 24 * 24 * 3);
  const Bytes image = SmoothImage(40, 50);
  Row row(24, image, 40, 50);
  Worker worker;
  node->Process(row.sample, worker);
  for (uint32_t view = 0; view < 2; ++view) {
    Rng rng({.seed = 42, .stream = 1, .id = 77, .purpose = kView + view});
    FusedView fused;
    Bytes expected(24 * 24 * 3);
    fused.Make({image.data(), 40, 50}, DrawViewParams({}, 40, 50, rng), {}, 24, expected.data());
    EXPECT_EQ(row.View(static_cast<int>(view)), expected);
  }
}

// The smallest at which the crop has 9/8 of the pixels of its view.
TEST(DualViewAugment, TakesTheLevelThatFitsTheCrop) {
  const auto node = MakeNode({{"size", "24"}, {"crop_scale", "[0.02, 1]"}}, 24 * 24 * 3);
  constexpr int kHeight = 150, kWidth = 200;
  RgbImage image;
  std::ranges::copy(GoldenImage(kHeight, kWidth), image.Resize(kHeight, kWidth).begin());
  MakeLevels({0, 2}, image);
  Worker worker;
  std::array<int, 4> seen{};
  for (uint64_t id = 0; id < 30; ++id) {
    Row row(24, Bytes(image.pixels.begin(), image.pixels.end()), kHeight, kWidth);
    row.sample.id = id;
    row.sample.image().levels = image.levels;
    ASSERT_TRUE(node->Process(row.sample, worker).ok);
    for (uint32_t view = 0; view < 2; ++view) {
      AugmentOptions options;
      options.crop_scale[0] = 0.02;
      Rng rng({.seed = 42, .stream = 1, .id = id, .purpose = kView + view});
      const ViewParams params = DrawViewParams(options, kHeight, kWidth, rng);
      const int side = std::min(params.height, params.width);
      const int level = side >= 4 * 27 ? 2 : side >= 2 * 27 ? 1 : 0;
      ++seen[static_cast<size_t>(level)];
      const ImageLevel at = LevelOf(kHeight, kWidth, level);
      Bytes expected(24 * 24 * 3);
      FusedView fused;
      fused.Make({.pixels = image.pixels.data() + at.offset,
                  .height = at.height,
                  .width = at.width,
                  .shrink = 1 << level},
                 params, options, 24, expected.data());
      EXPECT_EQ(row.View(static_cast<int>(view)), expected) << "level " << level;
    }
  }
  for (const int level : {0, 1, 2}) EXPECT_GT(seen[static_cast<size_t>(level)], 1) << level;
}

TEST(DualViewAugment, DependsOnSeedEpochAndIdButNotOnWorkerOrHistory) {
  const auto node = MakeNode({{"size", "24"}}, 24 * 24 * 3);
  const auto first_view = [&](uint64_t seed, uint64_t epoch, uint64_t id, int worker_index) {
    Row row(24, SmoothImage(40, 50), 40, 50);
    row.sample.seed = seed;
    row.sample.epoch = epoch;
    row.sample.id = id;
    Worker worker{worker_index};
    node->Process(row.sample, worker);
    return row.View(0);
  };
  const Bytes before = first_view(42, 1, 77, 0);
  EXPECT_NE(first_view(43, 1, 77, 0), before);
  EXPECT_NE(first_view(42, 2, 77, 0), before);
  EXPECT_NE(first_view(42, 1, 78, 0), before);
  EXPECT_EQ(first_view(42, 1, 77, 0), before);
  EXPECT_EQ(first_view(42, 1, 77, 1), before);
}

TEST(DualViewAugment, AllOffIsTheCropAlone) {
  const auto node = MakeNode(kOff, 24 * 24 * 3);
  const Bytes image = SmoothImage(40, 50);
  Row row(24, image, 40, 50);
  Worker worker;
  node->Process(row.sample, worker);
  Rng rng({.seed = 42, .stream = 1, .id = 77, .purpose = kView});
  const ViewParams drawn = DrawViewParams({}, 40, 50, rng);
  ViewParams crop;
  crop.top = drawn.top;
  crop.left = drawn.left;
  crop.height = drawn.height;
  crop.width = drawn.width;
  FusedView fused;
  Bytes expected(24 * 24 * 3);
  fused.Make({image.data(), 40, 50}, crop, {}, 24, expected.data());
  EXPECT_EQ(row.View(0), expected);
}

// The first view of noise under options that leave all off but what is given.
Bytes FirstView(Options options) {
  for (const char* key : {"flip", "jitter", "brightness", "contrast", "saturation", "hue", "grey",
                          "blur", "solarize"}) {
    options.emplace(key, "0");
  }
  options.emplace("size", "24");
  const auto node = MakeNode(options, 24 * 24 * 3);
  Row row(24, GoldenImage(40, 50), 40, 50);
  Worker worker;
  node->Process(row.sample, worker);
  return row.View(0);
}

TEST(DualViewAugment, EachOptionReachesTheView) {
  const Bytes off = FirstView({});
  EXPECT_NE(FirstView({{"crop_scale", "[0.1, 0.15]"}}), off);
  EXPECT_NE(FirstView({{"crop_ratio", "[2, 2.5]"}}), off);
  EXPECT_NE(FirstView({{"flip", "1"}}), off);
  EXPECT_NE(FirstView({{"grey", "1"}}), off);
  EXPECT_EQ(FirstView({{"jitter", "1"}}), off);
  for (const char* key : {"brightness", "contrast", "saturation", "hue"}) {
    EXPECT_NE(FirstView({{"jitter", "1"}, {key, "0.4"}}), off) << key;
    EXPECT_EQ(FirstView({{"jitter", "0"}, {key, "0.4"}}), off) << key;
  }
  const Bytes blurred = FirstView({{"blur", "1"}, {"blur_sigma", "[2, 2]"}});
  EXPECT_NE(blurred, off);
  EXPECT_NE(FirstView({{"blur", "1"}, {"blur_sigma", "[1, 1]"}}), blurred);
  EXPECT_NE(FirstView({{"blur", "1"}, {"blur_sigma", "[2, 2]"}, {"blur_kernel", "3"}}), blurred);
  EXPECT_NE(FirstView({{"solarize", "1"}}), off);
  EXPECT_NE(FirstView({{"solarize", "1"}, {"solarize_threshold", "200"}}),
            FirstView({{"solarize", "1"}}));
  EXPECT_NE(FirstView({{"interpolation", "bicubic"}}), off);
}

TEST(DualViewAugment, TakesImagesOfAnySize) {
  const auto node = MakeNode({{"size", "24"}, {"blur", "1"}, {"jitter", "1"}}, 24 * 24 * 3);
  Worker worker;
  for (const auto& [height, width] : std::vector<std::pair<int, int>>{
           {1, 1}, {1, 2}, {1, 300}, {300, 1}, {3, 2}, {24, 24}, {700, 900}}) {
    Row row(24, GoldenImage(height, width), height, width);
    EXPECT_TRUE(node->Process(row.sample, worker).ok);
    EXPECT_THAT(row.Rest(), Each(0xA5)) << height << 'x' << width;
  }
  const auto off = MakeNode(kOff, 24 * 24 * 3);
  Row point(24, {200, 200, 200}, 1, 1);
  off->Process(point.sample, worker);
  EXPECT_THAT(point.View(0), Each(200));
}

TEST(DualViewAugment, MakesViewsAsLargeAsTheBatchesUnlessToldOtherwise) {
  const Bytes image = SmoothImage(40, 50);
  const auto told = MakeNode({{"size", "32"}}, 32 * 32 * 3);
  const auto untold = MakeNode({}, 32 * 32 * 3);
  Row expected(32, image, 40, 50), made(32, image, 40, 50);
  Worker worker;
  told->Process(expected.sample, worker);
  untold->Process(made.sample, worker);
  EXPECT_EQ(made.View(0), expected.View(0));
  EXPECT_EQ(made.View(1), expected.View(1));
  EXPECT_THROW(MakeNode({}, 1000), ConfigError) << "no square RGB view";
}

TEST(DualViewAugment, RefusesABatchOfAnotherSize) {
  try {
    MakeNode({{"size", "24"}}, 32 * 32 * 3);
    FAIL() << "opened";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("24 pixels"));
    EXPECT_THAT(error.what(), HasSubstr("image_size"));
  }
}

TEST(DualViewAugment, RefusesWrongOptions) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"crop_ratio", "[2, 1]"}, {"crop_scale", "[0.5]"},   {"crop_scale", "[0, 1]"},
      {"blur_sigma", "[0, 1]"}, {"blur_kernel", "4"},      {"flip", "1.5"},
      {"hue", "0.6"},           {"interpolation", "cubic"}};
  for (const auto& [name, value] : wrong) {
    EXPECT_THROW(MakeNode({{"size", "24"}, {name, value}}, 24 * 24 * 3), ConfigError) << name;
  }
}

TEST(DualViewAugment, LeavesToTheReferenceWhatTheFusedViewDoesNotCover) {
  const auto node = MakeNode({{"size", "8"}, {"hue", "0"}}, 8 * 8 * 3);
  const Bytes image = SmoothImage(40, 50);
  Row row(8, image, 40, 50);
  Worker worker;
  node->Process(row.sample, worker);
  AugmentOptions options;
  options.hue = 0;
  Rng rng({.seed = 42, .stream = 1, .id = 77, .purpose = kView});
  ReferenceView reference;
  Bytes expected(8 * 8 * 3);
  reference.Make({image.data(), 40, 50}, DrawViewParams(options, 40, 50, rng), options, 8,
                 expected.data());
  EXPECT_EQ(row.View(0), expected);
}

// Of a batch of `rows` rows, whose views have these sides.
BatchLayout LayoutOf(int rows, const std::vector<int>& sides) {
  BatchLayout layout{rows, static_cast<int>(sides.size()), 0};
  for (const int side : sides) layout.bytes_of_views.push_back(size_t{3} * side * side);
  return layout;
}

Made MakeVariants(const Options& recipe, const BatchLayout& layout) {
  Made made{Make<ViewRecipe>(recipe), Make<DualViewAugment>()};
  made.recipe->Open(TestContext({}, layout));
  made.node->Open(TestContext({{"views", made.recipe.get()}}, layout));
  return made;
}

TEST(DualViewAugment, MakesEachViewByItsOwnRecipe) {
  const BatchLayout layout = LayoutOf(3, {40, 24, 24, 8});
  const auto node = MakeVariants({{"grey", "0"},
                                  {"views",
                                   "[{size: 40}, {count: 2, size: 24, crop_scale: [0.1, 0.2], "
                                   "grey: 1}, {size: 8, blur: 0}]"}},
                                 layout);
  const Bytes image = GoldenImage(60, 70);
  Bytes buffer(layout.bytes(), 0xA5);
  Batch batch;
  batch.layout = layout;
  batch.buffer = buffer.data();
  ImageSlot sample;
  sample.seed = 42;
  sample.id = 77;
  sample.batch = &batch;
  sample.row = 1;
  static_cast<Pixels&>(sample.image()) = WholeImage(image, 60, 70);
  Worker worker{0};
  ASSERT_TRUE(node->Process(sample, worker).ok);

  Bytes expected(layout.bytes(), 0xA5);
  for (int view = 0; view < 4; ++view) {
    AugmentOptions options;
    options.grey = view == 1 || view == 2 ? 1 : 0;
    if (options.grey == 1) options.crop_scale = {0.1, 0.2};
    if (view == 3) options.blur = 0;
    Rng rng({.seed = 42, .id = 77, .purpose = kView + static_cast<uint32_t>(view)});
    const ViewParams params = DrawViewParams(options, 60, 70, rng);
    uint8_t* row = expected.data() + layout.Offset(view, 1);
    if (view == 3) {  // below what FusedView makes
      ReferenceView().Make({image.data(), 60, 70}, params, options, 8, row);
    } else {
      FusedView().Make({image.data(), 60, 70}, params, options, view == 0 ? 40 : 24, row);
    }
  }
  EXPECT_EQ(buffer, expected);
}

std::string RefusalOf(const Options& recipe, const BatchLayout& layout) {
  try {
    MakeVariants(recipe, layout);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "opened";
}

TEST(DualViewAugment, RefusesRecipesThatItsBatchesHaveNoRoomFor) {
  const BatchLayout two{4, 2, 24 * 24 * 3};
  EXPECT_EQ(RefusalOf({{"views", "[{blur: 1}, {blur: 0.1, solarize: 0.2}]"}}, two), "opened");
  EXPECT_THAT(RefusalOf({{"views", "[{count: 2}, {count: 6}]"}}, two),
              HasSubstr("makes 8 views of an image, and a batch has room for 2"));
  EXPECT_THAT(RefusalOf({{"views", "[{}, {size: 16}]"}}, two),
              HasSubstr("is not the 16 pixels of view 2"));
  EXPECT_THAT(RefusalOf({{"views", "[{count: 0}]"}}, two), HasSubstr("item 1: count: must be"));
  EXPECT_THAT(RefusalOf({{"views", "[{size: 0}]"}}, two),
              HasSubstr("item 1: size: must be at least 1, not 0"));
}

TEST(DualViewAugment, ThrowsWhereNothingWasDecoded) {
  const auto node = MakeNode({{"size", "24"}}, 24 * 24 * 3);
  Row row(24, {}, 0, 0);
  Worker worker;
  EXPECT_THROW(node->Process(row.sample, worker), std::logic_error);
}

}  // namespace
}  // namespace flowtrain
