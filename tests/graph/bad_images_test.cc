// Images that cannot be used: what is said of them, and bad_images.csv.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr size_t kGood = 40;

// What the list calls the files below, as it writes them.
const std::vector<std::string> kBadNames = {
    "cat/empty.png",     "cat/line\\x0Abreak.png", "cat/not\\xFFutf8.png",  "\"cat/one,two.png\"",
    "dog/cut short.png", "dog/\xC3\xA4.png",       "\"dog/\"\"so\"\".png\""};

// Two classes of good images, and files that cannot be used.
void WritePhotos(const TempFolder& folder) {
  const std::string good = ReadText(kRoot + "/tests/fuzz/corpus/png/2-8.png");
  for (size_t i = 0; i < kGood; ++i) {
    folder.Write((i % 2 == 0 ? "photos/cat/" : "photos/dog/") + std::to_string(i) + ".png", good);
  }
  folder.Write("photos/cat/empty.png", "");
  folder.Write("photos/cat/line\nbreak.png", "no picture");
  folder.Write("photos/cat/not\xFFutf8.png", "no picture");
  folder.Write("photos/cat/one,two.png", "no picture");
  folder.Write("photos/dog/cut short.png", good.substr(0, good.size() / 2));
  folder.Write("photos/dog/\xC3\xA4.png", "no picture");
  folder.Write("photos/dog/\"so\".png", "no picture");
}

std::vector<std::string> Training(const TempFolder& folder, const std::string& run,
                                  std::vector<std::string> extra) {
  extra.insert(extra.end(), {"data.kind=folder", "data.max_bad_fraction=0.5", "train.epochs=3"});
  std::vector<std::string> arguments = SmallRun(folder / run, extra);
  arguments.insert(arguments.end(), {"--set", "data.root=" + (folder / "photos")});
  return arguments;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Whether `path` lists each of the bad files once, all found by `found_by`.
void ExpectAllListed(const std::string& path, const std::string& found_by) {
  const std::vector<std::string> lines = ReadLines(path);
  ASSERT_THAT(lines, SizeIs(kBadNames.size() + 1)) << ReadText(path);
  EXPECT_EQ(lines[0], "name,reason,found_by");
  for (const std::string& name : kBadNames) {
    const auto is_it = [&](const std::string& line) { return line.rfind(name + ',', 0) == 0; };
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), is_it), 1) << name << ReadText(path);
  }
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_THAT(lines[i], HasSubstr(',' + found_by));
}

TEST(BadImagesOfARun, AreListedOnceByTrainingAndItsKnnAndAfterAResume) {
  const TempFolder folder;
  WritePhotos(folder);
  const std::string list = folder / "run/bad_images.csv";
  const Result result = RunProgram(Training(folder, "run", {"train.max_steps=9"}));
  ASSERT_EQ(result.code, 0) << result.output;
  ExpectAllListed(list, "kNN");
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("7 of 47 labelled images could not be used; the kNN accuracy leaves "
                              "them out:\n  cat/empty.png: "),
                    HasSubstr("images could not be used; others were trained on in their place:"),
                    HasSubstr("\n  … and 2 more: see " + list)));
  EXPECT_EQ(Count(result.output, "cat/one,two.png: "), 2u) << result.output;
  EXPECT_THAT(result.output, Not(HasSubstr("cut short.png"))) << "the first five alone are named";
  for (const nlohmann::json& line : ReadMetrics(folder / "run")) {
    if (line.contains("steps")) {
      EXPECT_EQ(line["bad_images"], 7) << line;
    }
    if (line.contains("final")) {
      EXPECT_EQ(line["left_out"], 7) << line;
    }
  }
  const std::string before = ReadText(list);
  const Result more = RunProgram(
      {kGraph, "--resume", folder / "run", "--resume-anyway", "--set", "train.max_steps=12"});
  ASSERT_EQ(more.code, 0) << more.output;
  EXPECT_EQ(ReadText(list), before);
}

TEST(BadImagesOfARun, TrainingAloneListsThoseItMeets) {
  const TempFolder folder;
  WritePhotos(folder);
  const Result result = RunProgram(Training(folder, "run", {"evaluate.knn=false"}));
  ASSERT_EQ(result.code, 0) << result.output;
  ExpectAllListed(folder / "run/bad_images.csv", "training");
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("7 of 47 images could not be used; others were trained on in their "
                              "place:\n  "),
                    HasSubstr("\n  … and 2 more: see "), HasSubstr("an image cannot be used: ")));
}

TEST(BadImagesOfARun, EvaluationsLeaveThemOutAndReplaceNone) {
  const TempFolder folder;
  WritePhotos(folder);
  ASSERT_EQ(
      RunProgram(SmallRun(folder / "trained", {"train.max_steps=1", "evaluate.knn=false"})).code,
      0);
  for (const char* graph : {"knn", "linear_probe", "embed"}) {
    const Result result =
        RunProgram({kRoot + "/graphs/" + graph + ".yaml", "--run-dir", folder / graph, "--set",
                    "checkpoint=" + (folder / "trained"), "--set", "device=cpu", "--set",
                    "data.kind=folder", "--set", "data.root=" + (folder / "photos")});
    ASSERT_EQ(result.code, 0) << result.output;
    ExpectAllListed(folder / graph + "/bad_images.csv", "evaluation");
    EXPECT_THAT(result.output,
                AllOf(HasSubstr("7 of 47 images could not be used and are left out:"),
                      HasSubstr("\n  … and 2 more: see "), Not(HasSubstr("in their place")),
                      Not(HasSubstr("took its"))));
  }
  EXPECT_THAT(ReadLines(folder / "embed/embeddings.csv"), SizeIs(kGood + 1));
}

TEST(BadImagesOfARun, PackListsThemBesideItsFileAndRunsFromThatListThemToo) {
  const TempFolder folder;
  WritePhotos(folder);
  const std::string file = folder / "set.ftpack";
  const Result packed = RunProgram({"pack", folder / "photos", file, "--max-bad-fraction", "0.5"});
  ASSERT_EQ(packed.code, 0) << packed.output;
  ExpectAllListed(file + ".bad_images.csv", "pack");
  EXPECT_THAT(
      packed.output,
      AllOf(HasSubstr("7 of 47 images could not be used and are left out:\n  cat/empty.png: "),
            HasSubstr("\n  … and 2 more: see " + file + ".bad_images.csv")));
  for (const auto& [run, extra] : std::map<std::string, std::vector<std::string>>{
           {"packed", {"data.kind=packed", "data.root=" + file}},
           {"cached",
            {"data.kind=folder", "data.cache=packed", "data.root=" + (folder / "photos")}},
           {"again",
            {"data.kind=folder", "data.cache=packed", "data.root=" + (folder / "photos")}}}) {
    std::vector<std::string> sets = extra;
    sets.insert(sets.end(),
                {"train.max_steps=1", "data.max_bad_fraction=0.5", "evaluate.knn=false"});
    const Result result = RunProgram(SmallRun(folder / run, sets));
    ASSERT_EQ(result.code, 0) << result.output;
    ExpectAllListed(folder / run + "/bad_images.csv", "pack");
    EXPECT_THAT(result.output, AllOf(HasSubstr("7 files are left out of the data set:\n  "),
                                     Not(HasSubstr("in their place"))));
  }
}

TEST(BadImagesOfARun, WithoutAUsableImageEachSaysHowManyAndWhy) {
  const TempFolder folder;
  for (int i = 0; i < 8; ++i) {
    folder.Write((i % 2 == 0 ? "photos/a/" : "photos/b/") + std::to_string(i) + ".png", "torn");
  }
  const std::string why = ".png: it is text, not an image";
  const Result training = RunProgram(Training(folder, "run", {"evaluate.knn=false"}));
  EXPECT_EQ(training.code, 1);
  EXPECT_THAT(training.output,
              AllOf(HasSubstr("5 of 8 images (62.5 %) cannot be used, more than "), HasSubstr(why),
                    HasSubstr(folder / "run/bad_images.csv"), Not(HasSubstr("in their place"))));
  const Result knn = RunProgram(Training(folder, "knn", {}));
  EXPECT_EQ(knn.code, 1);
  EXPECT_THAT(
      knn.output,
      AllOf(HasSubstr(
                "none of the 8 labelled images can be used:\n  a/0.png: it is text, not an image"),
            HasSubstr("\n  … and 3 more: see " + (folder / "knn/bad_images.csv"))));
  EXPECT_THAT(ReadLines(folder / "knn/bad_images.csv"), SizeIs(9));
  const Result packed =
      RunProgram({"pack", folder / "photos", folder / "set.ftpack", "--max-bad-fraction", "1"});
  EXPECT_EQ(packed.code, 1);
  EXPECT_THAT(packed.output, AllOf(HasSubstr("8 of 8 images cannot be used"), HasSubstr(why)));
  EXPECT_FALSE(fs::exists(folder / "set.ftpack"));
}

}  // namespace
}  // namespace flowtrain
