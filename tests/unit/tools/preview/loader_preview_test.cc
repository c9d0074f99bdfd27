// The preview of a graph whose batches a Python program takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "tests/support/loader_graph.h"
#include "tests/support/loader_run_testing.h"
#include "tools/preview/preview.h"
#include "tools/preview/sheet_layout.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

constexpr char kTwoSizes[] =
    "[{count: 2, size: 32, crop_scale: [0.4, 1]}, {count: 6, size: 16, blur: 0, solarize: 1}]";

// The views of image `id` in the batch, if it is there.
std::optional<std::vector<std::vector<uint8_t>>> ViewsOf(const LentBatch& batch, uint64_t id) {
  for (int row = 0; row < batch.rows; ++row) {
    if (batch.ids[static_cast<size_t>(row)] != id) continue;
    std::vector<std::vector<uint8_t>> views;
    for (int view = 0; view < batch.layout.views; ++view) {
      const size_t bytes = batch.layout.ViewBytes(view);
      const uint8_t* first = batch.View(view) + bytes * static_cast<size_t>(row);
      views.emplace_back(first, first + bytes);
    }
    return views;
  }
  return std::nullopt;
}

// The pixels of view `view` on the sheet, of which each was enlarged.
std::vector<uint8_t> OnTheSheet(const SheetPicture& sheet, const SheetLayout& layout, int side,
                                int top, int left) {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto at =
          3 * (static_cast<size_t>(top + y * layout.scale) * static_cast<size_t>(sheet.width) +
               static_cast<size_t>(left + x * layout.scale));
      pixels.insert(pixels.end(), sheet.rgb.begin() + static_cast<std::ptrdiff_t>(at),
                    sheet.rgb.begin() + static_cast<std::ptrdiff_t>(at + 3));
    }
  }
  return pixels;
}

// Each view on the sheet of two epochs is, pixel by pixel, the one that a Python loop gets.
void ExpectWhatALoopGets(const std::string& graph, const loader_testing::Parameters& parameters,
                         const std::vector<std::string>& sets, const std::vector<int>& sides) {
  constexpr int kImages = 8, kDraws = 2;
  const Preview preview =
      MakePreview(LoadedLoader(sets, graph), Registry::Global(), kImages, kDraws);
  ASSERT_EQ(preview.images.size(), static_cast<size_t>(kImages));
  ASSERT_EQ(preview.view_sides, sides);
  const SheetPicture sheet = ContactSheet(preview);
  const SheetLayout layout = LayOutSheet(sides, kImages, kDraws);
  ASSERT_EQ(sheet.height, layout.height);
  ASSERT_EQ(sheet.width, layout.width);

  LoaderRun loader(loader_testing::Request(parameters, graph));
  int found = 0;
  for (uint64_t i = 0; i < kDraws * loader.facts().batches_per_epoch; ++i) {
    const auto batch = loader_testing::Take(loader);
    for (int row = 0; row < kImages; ++row) {
      const PreviewImage& image = preview.images[static_cast<size_t>(row)];
      if (i == 0) {
        EXPECT_EQ(image.id, batch->ids[static_cast<size_t>(row)]);
      }
      const auto views = ViewsOf(*batch, image.id);
      if (!views) continue;
      ++found;
      const auto draw = static_cast<int>(batch->epoch);
      for (size_t view = 0; view < sides.size(); ++view) {
        const auto& place = layout.draw.views[view];
        EXPECT_EQ(OnTheSheet(sheet, layout, sides[view], layout.Top(row) + place.top,
                             layout.Left(draw) + place.left),
                  (*views)[view])
            << "image " << row << ", view " << view << ", draw " << draw;
      }
    }
  }
  EXPECT_GE(found, 2 * kImages - 5);  // an epoch leaves out five of the images
}

TEST(Preview, ViewsOfALoaderAreThoseOfALoop) {
  ExpectWhatALoopGets("loader", {}, {}, {24, 24});
  ExpectWhatALoopGets("loader", {{"loader.views", "3"}}, {"loader.views=3"}, {24, 24, 24});
}

TEST(Preview, ViewsOfSeveralSizesAreThoseOfALoop) {
  ExpectWhatALoopGets("loader", {{"augment.views", kTwoSizes}},
                      {"augment.views=" + std::string(kTwoSizes)},
                      {32, 32, 16, 16, 16, 16, 16, 16});
}

TEST(Preview, ViewsOfTwoRecipesAreThoseOfALoop) {
  const std::string byol = "[{blur: 1.0}, {blur: 0.1, solarize: 1}]";
  ExpectWhatALoopGets("loader", {{"augment.views", byol}}, {"augment.views=" + byol}, {24, 24});
}

TEST(Preview, TheCentreOfEachImageIsThatOfALoop) {
  ExpectWhatALoopGets("loader_center", {}, {}, {24});
}

TEST(Preview, ALoadersValuesChangeNoView) {
  const auto views = [](const std::vector<std::string>& sets) {
    return MakePreview(LoadedLoader(sets), Registry::Global(), 4, 1).images[3].draws;
  };
  EXPECT_EQ(views({}), views({"loader.values=float32"}));
}

TEST(Preview, TheLastBatchIsAsTheLoaderHasIt) {
  const auto images = [](const std::string& drop_last) {
    return MakePreview(LoadedLoader({"loader.drop_last=" + drop_last}), Registry::Global(), 64, 1)
        .images.size();
  };
  EXPECT_EQ(images("true"), 56U);
  EXPECT_EQ(images("false"), 61U);  // the other rows of the last batch have no image
}

TEST(Preview, AnImpossibleLoaderIsRefusedAsALoopRefusesIt) {
  try {
    MakePreview(LoadedLoader({"loader.views=3", "augment.views=" + std::string(kTwoSizes)}),
                Registry::Global(), 4, 1);
    ADD_FAILURE() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("makes 8 views of an image"));
  }
}

TEST(Preview, APictureThatNoViewerOpensIsRefused) {
  try {
    MakePreview(LoadedLoader({"loader.views=200", "data.image_size=400"}), Registry::Global(), 64,
                16);
    ADD_FAILURE() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("lower --images or --draws"));
  }
}

}  // namespace
}  // namespace flowtrain
