// `flowtrain check`, and the kinds of data sets that it and others tell by the files there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/cifar_files.h"
#include "tests/support/program.h"
#include "tests/support/solid_png.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Check, TellsOfBadImagesAndCopiesWithExitCode1) {
  const TempFolder folder;
  folder.Write("train/a/1.png", SolidPng(16, {200, 10, 10}));
  folder.Write("train/b/2.png", SolidPng(16, {10, 200, 10}));
  folder.Write("train/b/3.png", "no image");
  folder.Write("val/a/4.png", SolidPng(16, {200, 10, 10}));
  const Result text = RunProgram({"check", folder.path()});
  EXPECT_EQ(text.code, 1) << text.output;
  EXPECT_THAT(text.output, AllOf(HasSubstr("train/b/3.png: "), HasSubstr("cannot be used"),
                                 HasSubstr("val/a/4.png = train/a/1.png")));
  EXPECT_EQ(RunProgram({"check", folder / "nothing"}).code, 2);
}

TEST(Check, OfASoundSetExitCode0) {
  const Result result = RunProgram({"check", "sample", "--set", "sample.images=20"});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("every image can be read and decoded"));
}

TEST(Check, KnowsCifarAndTellsOfItAsJson) {
  const TempFolder folder;
  WriteCifar10(folder, "", 1);  // its pictures are smooth, and not the same
  const Result result = RunProgram({"check", folder.path(), "--json"});
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  EXPECT_EQ(json["data_set"], "CIFAR-10, train: 5 images 32x32");
  EXPECT_EQ(json["images"]["to_judge_on"], 1);
  EXPECT_EQ(json["classes"][2]["class"], "bird");
  EXPECT_EQ(json["classes"][2]["to_train_on"], 1);
  EXPECT_EQ(json["copies"].size(), 0u);
}

}  // namespace
}  // namespace flowtrain
