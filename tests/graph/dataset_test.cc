// The program on the data sets that users name: what they named is used, or the run does not begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/solid_png.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Red images in PREFIX/a, green ones in PREFIX/b.
void WriteClasses(const TempFolder& folder, const std::string& prefix, int of_each) {
  for (int i = 0; i < of_each; ++i) {
    const std::string name = std::to_string(i) + ".png";
    const auto shade = static_cast<uint8_t>(200 + i);
    folder.Write(prefix + "/a/" + name, SolidPng(16, {shade, 10, 10}));
    folder.Write(prefix + "/b/" + name, SolidPng(16, {10, shade, 10}));
  }
}

// Two steps on a folder.
std::vector<std::string> OnFolder(const std::string& run_dir, const std::string& root,
                                  const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {"data.kind=folder",  "data.root=" + root,
                                   "train.max_steps=2", "gpu.gradient_accumulation=1",
                                   "model.stem=small",  "evaluate.knn=false"};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run_dir, sets);
}

double KnnOf(const std::string& run_dir) {
  double top1 = -1;
  for (const nlohmann::json& object : ReadMetrics(run_dir)) {
    if (object.contains("knn_top1")) top1 = object["knn_top1"];
  }
  return top1;
}

TEST(Dataset, WhatWasNamedAndCannotBeUsedEndsTheRunBeforeItBegins) {
  const TempFolder folder;
  WriteClasses(folder, "photos", 4);
  folder.Write("photos.zip", "PK");
  fs::create_directory(folder / "empty");
  const struct {
    std::string kind, root, text;
  } cases[] = {{"folder", "photo", "did you mean"},
               {"folder", "photos.zip", "is an archive"},
               {"folder", "empty", "mount it"},
               {"packed", "photos.ftpack", "there is no file"},
               {"packed", "photos", "set data.kind (--set) to folder"},
               {"stl10", "photos", "set data.kind (--set) to folder"},
               {"stl10", "stl10", "there is no folder"}};
  for (const auto& [kind, root, text] : cases) {
    const Result result = RunProgram(
        OnFolder(folder / "run", folder / root, {"data.kind=" + kind, "data.if_missing=sample"}));
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output,
                AllOf(HasSubstr(text), HasSubstr(folder / root), Not(HasSubstr("SAMPLE SET"))));
    EXPECT_FALSE(fs::exists(folder / "run"));
  }
}

TEST(Dataset, TheSampleSetStandsInForTheDefaultAlone) {
  if (fs::exists(kRoot + "/data/stl10_binary")) GTEST_SKIP() << "the default data set is there";
  const TempFolder folder;  // has no data/stl10_binary
  const auto run = [&](const std::vector<std::string>& extra) {
    std::vector<std::string> arguments = {kGraph, "--run-dir", folder / "run"};
    for (const char* set :
         {"device=cpu", "threads=1", "train.max_steps=1", "model.width_multiplier=0.125",
          "data.image_size=8", "data.batch_size=4", "evaluate.knn=false", "data.num_workers=2",
          "gpu.gradient_accumulation=1", "model.stem=small"}) {
      arguments.insert(arguments.end(), {"--set", set});
    }
    for (const std::string& set : extra) arguments.insert(arguments.end(), {"--set", set});
    Program program(arguments, [&] { fs::current_path(folder.path()); });
    const int code = program.Wait();
    return Result{code, program.output()};
  };
  for (const char* set :
       {"data.root=data/stl10_binary", "data.kind=stl10", "data.splits=[train]"}) {
    const Result named = run({set});
    EXPECT_EQ(named.code, 2) << named.output;
    EXPECT_THAT(named.output, HasSubstr("there is no folder data/stl10_binary"));
  }
  const Result sample = run({});
  EXPECT_EQ(sample.code, 0) << sample.output;
  EXPECT_THAT(sample.output, HasSubstr("TRAINS ON THE BUILT-IN SAMPLE SET"));
}

TEST(Dataset, SplitsAreTrainedOnAndJudgedOnAndAreNoClasses) {
  const TempFolder folder;
  WriteClasses(folder, "photos/train", 4);
  WriteClasses(folder, "photos/val", 2);
  const Result run = RunProgram(OnFolder(folder / "run", folder / "photos", {"evaluate.knn=true"}));
  ASSERT_EQ(run.code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("train: 8 images in 2 classes; judged on val: 4 images"));
  EXPECT_EQ(KnnOf(folder / "run"), 100);
  for (const char* graph : {"knn.yaml", "linear_probe.yaml", "embed.yaml"}) {
    const Result judged = RunProgram(
        {kRoot + "/graphs/" + graph, "--run-dir", folder / graph, "--set", "device=cpu", "--set",
         "threads=1", "--set", "data.num_workers=2", "--set", "checkpoint=" + (folder / "run")});
    ASSERT_EQ(judged.code, 0) << judged.output;
    if (graph == std::string("knn.yaml")) {
      EXPECT_THAT(judged.output, HasSubstr("8 bank images, 4 queries"));
      EXPECT_EQ(KnnOf(folder / graph), 100);
    }
  }
  EXPECT_EQ(ReadLines(folder / "embed.yaml/embeddings.csv").size(), 1u + 8);
  const Result packed = RunProgram({"pack", folder / "photos", folder / "photos.ftpack"});
  ASSERT_EQ(packed.code, 0) << packed.output;
  const Result knn = RunProgram(
      {kRoot + "/graphs/knn.yaml", "--run-dir", folder / "packed", "--set", "device=cpu", "--set",
       "threads=1", "--set", "data.num_workers=2", "--set", "checkpoint=" + (folder / "run"),
       "--set", "data.kind=packed", "--set", "data.root=" + (folder / "photos.ftpack")});
  ASSERT_EQ(knn.code, 0) << knn.output;
  EXPECT_THAT(knn.output, HasSubstr("8 bank images, 4 queries"));
}

TEST(Dataset, ARunGoesOnWithTheImagesItHadAlone) {
  const TempFolder folder;
  WriteClasses(folder, "photos", 4);
  ASSERT_EQ(RunProgram(OnFolder(folder / "run", folder / "photos")).code, 0);
  const auto resume = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {kGraph, "--resume", folder / "run", "--set",
                                          "train.max_steps=3"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments);
  };
  folder.Write("photos/b/new.png", SolidPng(16, {1, 2, 3}));  // an epoch is as long as before
  const Result grown = resume({});
  EXPECT_EQ(grown.code, 2) << grown.output;
  EXPECT_THAT(grown.output, HasSubstr("it had 8 images and has 9 now"));
  fs::rename(folder / "photos/b/new.png", folder / "photos/b/0.png");
  WriteClasses(folder, "moved", 4);
  const Result anyway = resume({"--resume-anyway", "--set", "data.root=" + (folder / "photos")});
  EXPECT_EQ(anyway.code, 0) << anyway.output;
  const Result moved =
      resume({"--set", "data.root=" + (folder / "moved"), "--set", "train.max_steps=4"});
  EXPECT_EQ(moved.code, 0) << moved.output;
}

TEST(Dataset, ValidateOpensItAndReadsImages) {
  const TempFolder folder;
  WriteClasses(folder, "photos", 4);
  const auto validate = [&](const std::string& root) {
    return RunProgram({"validate", kGraph, "--data", "--set", "data.kind=folder", "--set",
                       "data.root=" + root, "--set", "data.batch_size=4"});
  };
  const Result good = validate(folder / "photos");
  EXPECT_EQ(good.code, 0) << good.output;
  EXPECT_THAT(good.output, AllOf(HasSubstr("8 images in 2 classes"), HasSubstr("0 a, 1 b"),
                                 HasSubstr("a/0.png: 16x16"), HasSubstr("b/3.png: 16x16")));
  folder.Write("photos/b/z.png", "no picture");
  const Result bad = validate(folder / "photos");
  EXPECT_EQ(bad.code, 1) << bad.output;
  EXPECT_THAT(bad.output, HasSubstr("b/z.png: cannot be used: "));
  EXPECT_EQ(validate(folder / "photo").code, 2);
  EXPECT_EQ(RunProgram({"validate", kGraph, "--data", "--set", "data.kind=folder", "--set",
                        "data.root=" + (folder / "photos")})
                .code,
            1);
}

TEST(Dataset, APathOfAParameterFileIsRelativeToItOrToTheWorkingDirectory) {
  const TempFolder folder;
  WriteClasses(folder, "settings/photos", 2);
  WriteClasses(folder, "elsewhere", 2);
  folder.Write("settings/near.yaml", "data: {kind: folder, root: photos, batch_size: 4}\n");
  folder.Write("settings/far.yaml", "data: {kind: folder, root: elsewhere, batch_size: 4}\n");
  for (const auto& [file, root] :
       {std::pair{"near.yaml", "settings/photos"}, std::pair{"far.yaml", "elsewhere"}}) {
    Program program({"validate", kGraph, "--data", "--config", "settings/" + std::string(file)},
                    [&] { fs::current_path(folder.path()); });
    EXPECT_EQ(program.Wait(), 0) << program.output();
    EXPECT_THAT(program.output(), HasSubstr(folder / root));
  }
}

TEST(Dataset, APathMayHaveVariablesWithOrWithoutBraces) {
  const TempFolder folder;
  WriteClasses(folder, "photos_of_me", 2);
  WriteClasses(folder, "${FT_PHOTOS}", 2);
  const auto description = [&](const std::vector<std::string>& given) {
    std::vector<std::string> arguments = {"validate",         kGraph,  "--data",           "--set",
                                          "data.kind=folder", "--set", "data.batch_size=4"};
    arguments.insert(arguments.end(), given.begin(), given.end());
    Program program(arguments, [&] { setenv("FT_PHOTOS", (folder / "photos").c_str(), 1); });
    EXPECT_EQ(program.Wait(), 0) << program.output();
    return program.output();
  };
  const std::string root = "data.root=${FT_PHOTOS}_of_me";
  EXPECT_THAT(description({"--set", root}), HasSubstr("folder " + (folder / "photos_of_me") + ":"));
  const std::string file = folder.Write("my.yaml", "data: {root: '${FT_PHOTOS}_of_me'}\n");
  EXPECT_THAT(description({"--config", file}),
              HasSubstr("folder " + (folder / "photos_of_me") + ":"));
  EXPECT_THAT(description({"--set", "data.root=" + (folder / "$${FT_PHOTOS}")}),
              HasSubstr("folder " + (folder / "${FT_PHOTOS}") + ":"));
}

}  // namespace
}  // namespace flowtrain
