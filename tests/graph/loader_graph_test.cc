// Graphs whose batches a Python program takes, in the commands that need no such program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr char kMultiCrop[] =
    "augment.views=[{count: 2, size: 32}, {count: 6, size: 16, crop_scale: [0.05, 0.4]}]";

// The command with a loader of a few small pictures.
Result OnLoader(std::vector<std::string> arguments, const std::string& graph = "loader") {
  arguments.push_back(kRoot + "/graphs/" + graph + ".yaml");
  for (const char* set : {"data.kind=sample", "sample.images=61", "data.image_size=24",
                          "data.batch_size=8", "data.num_workers=1"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  return RunProgram(arguments);
}

TEST(LoaderGraph, PreviewSaysWhatIsOnTheSheet) {
  const TempFolder folder;
  const std::string out = folder / "views.png";
  const Result two = OnLoader({"preview", "--out", out});
  EXPECT_EQ(two.code, 0) << two.output;
  EXPECT_THAT(two.output, HasSubstr("8 images of built-in sample"));
  EXPECT_THAT(two.output, HasSubstr("its 2 views of 24x24 pixels, enlarged 4 times\n"));

  const Result eight = OnLoader({"preview", "--out", out, "--set", kMultiCrop});
  EXPECT_EQ(eight.code, 0) << eight.output;
  EXPECT_THAT(eight.output,
              HasSubstr("its 8 views, 2 of 32x32 and 6 of 16x16 pixels, enlarged 3 times\n"));
  EXPECT_THAT(eight.output, HasSubstr("row 8: picture "));
  EXPECT_THAT(ReadText(out), HasSubstr("PNG"));

  const Result many = OnLoader({"preview", "--out", out, "--set", "loader.views=20"});
  EXPECT_EQ(many.code, 0) << many.output;
  EXPECT_THAT(many.output, HasSubstr("its 20 views of 24x24 pixels, enlarged 4 times, on 3 lines"));

  const Result centre = OnLoader({"preview", "--out", out, "--images", "64"}, "loader_center");
  EXPECT_EQ(centre.code, 0) << centre.output;
  EXPECT_THAT(centre.output, AllOf(HasSubstr("61 images"), HasSubstr("its 1 view of 24x24")));
}

TEST(LoaderGraph, PreviewTakesASeed) {
  const TempFolder folder;
  const auto sheet = [&](const std::vector<std::string>& more) {
    const Result result = OnLoader(With({"preview", "--out", folder / "views.png"}, more));
    EXPECT_EQ(result.code, 0) << result.output;
    return ReadText(folder / "views.png");
  };
  EXPECT_EQ(sheet({"--seed", "3"}), sheet({"--set", "loader.seed=3"}));
  EXPECT_NE(sheet({"--seed", "3"}), sheet({}));
}

TEST(LoaderGraph, TimingMeasuresTheLoaderAlone) {
  const Result result = OnLoader({"timing", "--no-device", "--steps", "20", "--set", kMultiCrop});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, ContainsRegex("augment +1 "));
  EXPECT_THAT(result.output, ContainsRegex("lend +lane"));
  EXPECT_THAT(result.output, HasSubstr("X*  bound"));
}

TEST(LoaderGraph, CommandsThatNeedAModelSayWhatToDo) {
  const std::vector<std::vector<std::string>> commands = {
      {"timing"}, {"tune"}, {"tune", "--no-device"}, {"bench"}};
  for (const auto& command : commands) {
    const Result result = OnLoader(command);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output,
                AllOf(HasSubstr("loader.timing()"), HasSubstr("loader.tune()"),
                      HasSubstr("flowtrain bench loader"), HasSubstr("timing --no-device")));
  }
}

TEST(LoaderGraph, ADataSetIsPackedBefore) {
  const std::vector<std::vector<std::string>> commands = {{"preview"}, {"bench", "loader"}};
  for (const auto& command : commands) {
    const Result refused = OnLoader(With(command, {"--set", "data.cache=packed"}));
    EXPECT_EQ(refused.code, 2) << refused.output;
    EXPECT_THAT(refused.output, AllOf(HasSubstr("`flowtrain pack`"), HasSubstr("data.root=FILE")));
  }
}

TEST(LoaderGraph, IsValidAndShownWithItsViews) {
  for (const char* graph : {"loader", "loader_center"}) {
    const Result valid = OnLoader({"validate"}, graph);
    EXPECT_EQ(valid.code, 0) << valid.output;
  }
  const Result shown = OnLoader({"inspect", "--set", kMultiCrop});
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_THAT(shown.output, ContainsRegex("lend.recipes +\\[\\{count: 2, size: 32"));
}

}  // namespace
}  // namespace flowtrain
