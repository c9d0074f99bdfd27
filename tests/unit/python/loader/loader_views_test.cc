// Loaders whose views are not all made alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "nodes/image/simd/normalize.h"
#include "tests/support/image_files.h"
#include "tests/support/loader_run_testing.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using loader_testing::ErrorOf;
using loader_testing::kRows;
using loader_testing::Parameters;
using loader_testing::Request;
using loader_testing::Take;
using loader_testing::TakeSome;
using ::testing::HasSubstr;

TEST(LoaderViews, MoreViewsBeginWithTheSame) {
  LoaderRun two(Request()), three(Request({{"loader.views", "3"}}));
  const auto a = Take(two), b = Take(three);
  ASSERT_EQ(b->layout.views, 3);
  const size_t bytes = a->layout.bytes();
  EXPECT_EQ(std::memcmp(a->View(0), b->View(0), bytes), 0);
  EXPECT_NE(std::memcmp(b->View(1), b->View(2), bytes / 2), 0);
}

constexpr char kMultiCrop[] =
    "[{count: 2, size: 24, crop_scale: [0.4, 1]}, {count: 3, size: 17, crop_scale: [0.05, 0.4], "
    "solarize: 0.5}]";

// A view of all rows of a batch.
std::vector<uint8_t> ViewOf(const LentBatch& batch, int view) {
  const size_t bytes = batch.layout.ViewBytes(view) * kRows * batch.format.value_bytes();
  return {batch.View(view), batch.View(view) + bytes};
}

TEST(LoaderViews, ViewsOfSeveralSizesAreThoseOfLoadersOfOneSize) {
  LoaderRun loader(Request({{"augment.views", kMultiCrop}}));
  EXPECT_EQ(loader.facts().sides, (std::vector<int>{24, 24, 17, 17, 17}));
  LoaderRun large(Request({{"loader.views", "5"}, {"augment.crop_scale", "[0.4, 1]"}}));
  LoaderRun small(Request({{"augment.views", "[{count: 5, size: 17}]"},
                           {"augment.crop_scale", "[0.05, 0.4]"},
                           {"augment.solarize", "0.5"}}));
  for (int i = 0; i < 10; ++i) {
    const auto batch = Take(loader), of_large = Take(large), of_small = Take(small);
    ASSERT_EQ(batch->ids, of_large->ids);
    for (int view = 0; view < 5; ++view) {
      EXPECT_TRUE(ViewOf(*batch, view) == ViewOf(view < 2 ? *of_large : *of_small, view)) << view;
    }
  }
}

TEST(LoaderViews, RecipesThatOverrideNothingChangeNothing) {
  LoaderRun plain(Request()), written(Request({{"augment.views", "[{}, {size: 24, blur: 0.5}]"}}));
  EXPECT_TRUE(TakeSome(plain, 10) == TakeSome(written, 10));
}

TEST(LoaderViews, NormalisesViewsOfSeveralSizes) {
  LoaderRun bytes(Request({{"augment.views", kMultiCrop}}));
  LoaderRun floats(Request({{"augment.views", kMultiCrop}, {"loader.values", "float16"}}));
  const auto by = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  const auto from = Take(bytes), batch = Take(floats);
  for (int view = 0; view < 5; ++view) {
    const size_t values = from->layout.ViewBytes(view);
    std::vector<uint16_t> expected(values * kRows);
    for (size_t row = 0; row < kRows; ++row) {
      simd::NormalizeRgb(by, from->View(view) + row * values, values / 3,
                         {expected.data() + row * values, true});
    }
    EXPECT_EQ(std::memcmp(batch->View(view), expected.data(), 2 * expected.size()), 0) << view;
  }
}

TEST(LoaderViews, ViewsOfSeveralSizesDoNotDependOnWorkersOrTheCache) {
  const TempFolder folder;
  for (int i = 0; i < 24; ++i) {
    folder.Write(std::to_string(i) + ".jpg", WriteJpeg(SmoothImage(60 + 13 * i, 400 - 11 * i, 3)));
  }
  const auto batches = [&](const std::string& workers, const std::string& cache,
                           const std::string& budget) {
    LoaderRun loader(Request({{"data.kind", "folder"},
                              {"data.root", folder.path()},
                              {"data.cache", cache},
                              {"data.cache_budget", budget},
                              {"data.num_workers", workers},
                              {"augment.views", kMultiCrop}}));
    return TakeSome(loader, 9);
  };
  EXPECT_TRUE(batches("1", "none", "1 MiB") == batches("4", "none", "1 MiB"));
  const auto kept = batches("1", "memory", "64 MiB");
  EXPECT_TRUE(batches("3", "memory", "64 MiB") == kept);
  EXPECT_TRUE(batches("2", "memory", "1 KiB") == kept) << "none is kept";
}

TEST(LoaderViews, RefusesViewsThatContradictOneAnother) {
  const auto error_with = [](const std::string& views, const Parameters& more,
                             const std::string& graph = "loader") {
    Parameters all = more;
    if (!views.empty()) all["augment.views"] = views;
    return ErrorOf(Request(all, graph));
  };
  EXPECT_THAT(error_with("[{count: 2}, {}]", {{"loader.views", "2"}}),
              HasSubstr("makes 3 views of an image: leave the former out"));
  EXPECT_EQ(error_with("[{count: 2}, {}]", {{"loader.views", "3"}}), "no error");
  EXPECT_THAT(error_with("[{size: 0}]", {}), HasSubstr("item 1: size: must be at least 1, not 0"));
  EXPECT_THAT(error_with("[{crop_scal: [0.1, 1]}]", {}), HasSubstr("did you mean 'crop_scale'"));
  EXPECT_EQ(error_with("[{size: 32}]", {{"augment.size", "24"}}), "no error");
  EXPECT_THAT(error_with("[{}, {}]", {}, "loader_center"),
              HasSubstr("graphs/loader_center.yaml has no such parameter"));
  EXPECT_THAT(error_with("", {{"loader.views", "2"}}, "loader_center"),
              HasSubstr("take graphs/loader.yaml"));
}

}  // namespace
}  // namespace flowtrain
