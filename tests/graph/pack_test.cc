// flowtrain pack, and training from what it made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// The sample set of SmallRun.
const std::vector<std::string> kSample = {"--set", "sample.images=24", "--set",
                                          "data.image_size=16"};

std::vector<std::string> PackSample(const std::string& out,
                                    const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"pack", "sample", out};
  arguments.insert(arguments.end(), kSample.begin(), kSample.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

size_t FilesIn(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// The losses of a run of one epoch.
std::vector<double> LossesOf(const std::string& run_dir, std::vector<std::string> extra,
                             std::string* output = nullptr) {
  extra.emplace_back("train.max_steps=3");
  const Result result = RunProgram(SmallRun(run_dir, extra));
  EXPECT_EQ(result.code, 0) << result.output;
  if (output != nullptr) *output = result.output;
  return Losses(run_dir);
}

TEST(Pack, TrainingFromThePackedFileIsTrainingFromTheDataSet) {
  const TempFolder folder;
  const std::string file = folder / "sample.ftpack";
  const Result packed = RunProgram(PackSample(file));
  ASSERT_EQ(packed.code, 0) << packed.output;
  EXPECT_THAT(packed.output, HasSubstr("30 images"));
  const Result verified = RunProgram({"pack", "--verify", file});
  EXPECT_EQ(verified.code, 0) << verified.output;
  std::string output;
  const auto from_file = LossesOf(folder / "a", {"data.kind=packed", "data.root=" + file}, &output);
  EXPECT_THAT(output, HasSubstr("24 images, from built-in sample"));
  EXPECT_THAT(output, HasSubstr("24 bank images, 6 queries"));
  EXPECT_EQ(from_file, LossesOf(folder / "b", {}));
}

TEST(Pack, KeepsAFileThatIsThereAndFindsDamage) {
  const TempFolder folder;
  const std::string file = folder / "sample.ftpack";
  ASSERT_EQ(RunProgram(PackSample(file)).code, 0);
  const std::string before = ReadText(file);
  const Result refused = RunProgram(PackSample(file, {"--set", "train.seed=7"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output, HasSubstr("--force"));
  EXPECT_EQ(ReadText(file), before);
  EXPECT_EQ(RunProgram(PackSample(file, {"--set", "train.seed=7", "--force"})).code, 0);
  EXPECT_NE(ReadText(file), before);

  std::string damaged = before;
  damaged[300] = static_cast<char>(damaged[300] ^ 1);
  WriteText(file, damaged);
  const Result found = RunProgram({"pack", "--verify", file});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.output, HasSubstr("'picture 0 (disc)' is wrong"));
}

TEST(Pack, AnInterruptLeavesNothing) {
  const TempFolder folder;
  Program program({"pack", "sample", folder / "large.ftpack", "--set", "sample.images=10000000"});
  ASSERT_TRUE(program.WaitFor("packing"));
  while (FilesIn(folder.path()) == 0) usleep(10'000);
  usleep(200'000);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("no file is made"));
  EXPECT_EQ(FilesIn(folder.path()), 0u);
}

TEST(Pack, WrongUsageSaysWhatToDo) {
  const TempFolder folder;
  EXPECT_EQ(RunProgram({"pack", "sample"}).code, 2);
  EXPECT_EQ(RunProgram({"pack", "sample", folder.path()}).code, 2);
  EXPECT_EQ(RunProgram(PackSample(folder / "x", {"--set", "data.spits=[]"})).code, 2);
  EXPECT_EQ(RunProgram({"pack", folder / "none", folder / "x"}).code, 2);
  EXPECT_EQ(RunProgram({"pack", folder.path(), folder / "x"}).code, 2) << "no images";
  EXPECT_EQ(RunProgram({"pack", "--verify", folder / "none"}).code, 1);
  EXPECT_EQ(FilesIn(folder.path()), 0u);
}

TEST(Pack, DatasetAloneSaysWhatIsPacked) {
  const TempFolder folder;
  const Result other = RunProgram(PackSample(folder / "x", {"--set", "data.root=/photos"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.output, HasSubstr("pack takes no --set data.root"));
  const Result nowhere = RunProgram(PackSample(folder / "none/x"));
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.output, HasSubstr("there is no folder " + (folder / "none")));
  fs::create_directory(folder / "sample");
  Program program(PackSample("x"), [&] { fs::current_path(folder.path()); });
  EXPECT_EQ(program.Wait(), 2) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("./sample"));
  EXPECT_EQ(FilesIn(folder.path()), 1u);
}

TEST(Pack, TooManyBadImagesNameTheOption) {
  const TempFolder folder;
  folder.Write("photos/1.png", "no picture");
  folder.Write("photos/2.png", "no picture");
  const Result result = RunProgram({"pack", folder / "photos", folder / "x"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.output, HasSubstr("or raise --max-bad-fraction"));
}

TEST(Cache, DecodedImagesInMemoryDoNotChangeTheRun) {
  const TempFolder folder;
  std::string output;
  const auto cached =
      LossesOf(folder / "a", {"data.cache=memory", "data.cache_budget=64 MiB"}, &output);
  EXPECT_THAT(output, HasSubstr("64 MiB of it the cache of decoded images"));
  EXPECT_THAT(output, HasSubstr("decoded images: "));
  EXPECT_EQ(cached, LossesOf(folder / "b", {}, &output));
  EXPECT_THAT(output, Not(HasSubstr("decoded images")));
}

TEST(Cache, ThePackedFileIsMadeOnceAndAgainWhenTheDataSetChanges) {
  const TempFolder folder;
  const std::string file = "data.cache_file=" + (folder / "cache.ftpack");
  std::string output;
  const auto first = LossesOf(folder / "a", {"data.cache=packed", file}, &output);
  EXPECT_THAT(output, HasSubstr("there is none yet"));
  EXPECT_EQ(first, LossesOf(folder / "b", {"data.cache=packed", file}, &output));
  EXPECT_THAT(output, HasSubstr("training from the packed cache"));
  EXPECT_EQ(first, LossesOf(folder / "c", {}));
  LossesOf(folder / "d", {"data.cache=packed", file, "sample.images=32"}, &output);
  EXPECT_THAT(output, HasSubstr("has changed"));
  EXPECT_THAT(output, HasSubstr("32 images, from"));

  WriteText(folder / "cache.ftpack", "somebody's letters");
  const Result refused = RunProgram(SmallRun(folder / "e", {"data.cache=packed", file}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.output, HasSubstr("is not a packed data set"));
  EXPECT_EQ(ReadText(folder / "cache.ftpack"), "somebody's letters");
}

// The file is a cache: what a run was trained on is the data set, for the runs after it too.
TEST(Cache, TheConfigurationOfARunNamesTheDataSetNotItsPackedFile) {
  const TempFolder folder;
  const std::string run = folder / "run", file = folder / "cache.ftpack";
  const Result first = RunProgram(
      SmallRun(run, {"data.cache=packed", "data.cache_file=" + file, "train.max_steps=1"}));
  ASSERT_EQ(first.code, 0) << first.output;
  EXPECT_THAT(ReadText(run + "/config.yaml"), HasSubstr("  kind: sample\n"));
  fs::remove(file);
  const Result again =
      RunProgram({kGraph, "--config", run + "/config.yaml", "--run-dir", folder / "again"});
  EXPECT_EQ(again.code, 0) << again.output;
  fs::remove(file);
  const Result resumed = RunProgram({kGraph, "--resume", run, "--set", "train.max_steps=2"});
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_TRUE(fs::exists(file));
}

TEST(Cache, ARunThatIsRefusedMakesNoPackedFile) {
  const TempFolder folder;
  const std::string file = folder / "cache.ftpack";
  WriteText(folder / "letter.txt", "Dear");
  const Result refused =
      RunProgram(SmallRun(folder.path(), {"data.cache=packed", "data.cache_file=" + file}));
  EXPECT_EQ(refused.code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("is not empty"));
  EXPECT_FALSE(fs::exists(file));
}

// Without data.cache_file it lies in the user's cache folder: the sample set has none beside it.
TEST(Cache, ThePackedFileHasAPlaceByItself) {
  const TempFolder folder;
  setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  LossesOf(folder / "run", {"data.cache=packed"});
  unsetenv("XDG_CACHE_HOME");
  EXPECT_TRUE(fs::exists(folder / "flowtrain/sample.ftpack"));
}

}  // namespace
}  // namespace flowtrain
