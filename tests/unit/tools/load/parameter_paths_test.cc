#include "tools/load/parameter_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "pipeline/config/put_parameter.h"
#include "pipeline/config/value.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string RootOf(const Config& config) { return config.Get<std::string>("data.root"); }

Config WithFile(const std::string& file, std::vector<std::string>* told) {
  Config config;
  config.OverlayFile(file);
  ResolvePaths(file, config, told);
  return config;
}

TEST(ParameterPaths, AreRelativeToTheirFileWhereTheyExistThere) {
  const TempFolder folder;
  folder.Write("photos/1.jpg", {1});
  const std::string file = folder.Write("my.yaml", "data: {root: ./photos}\nrun: {dir: photos}\n");
  std::vector<std::string> told;
  const Config config = WithFile(file, &told);
  EXPECT_EQ(RootOf(config), folder / "photos");
  EXPECT_EQ(config.Get<std::string>("run.dir"), "photos");  // what is written goes where one works
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("data.root (" + file + ":1:"),
                                      HasSubstr("is relative to that file: " + folder.path()))));
  EXPECT_EQ(config.Find("data.root")->at.line, 1);  // for messages
}

TEST(ParameterPaths, APatternForTarFilesIsLookedForByItsFirst) {
  const TempFolder folder;
  folder.Write("shards/07.tar", {1});
  const std::string file = folder.Write("my.yaml", "data: {root: 'shards/{07..09}.tar'}\n");
  std::vector<std::string> told;
  EXPECT_EQ(RootOf(WithFile(file, &told)), folder / "shards/{07..09}.tar");
}

TEST(ParameterPaths, WrittenToAFileAreTheSameWhenItIsRead) {
  const TempFolder folder;
  for (const std::string path : {"/a/$USER/b", "$$HOME", "~root/x", "/a/${HOME}", "plain"}) {
    Config config;
    config.Overlay(ReadYaml("data: {root: ''}", "x"));
    PutParameter(config, "data.root", TextValue(path, "test"));
    const std::string file = folder.Write("config.yaml", WithPathsEscaped(config).ToYaml());
    std::vector<std::string> told;
    EXPECT_EQ(fs::path(RootOf(WithFile(file, &told))).lexically_normal(), path);
  }
}

TEST(ParameterPaths, AreElseRelativeToTheWorkingDirectory) {
  const TempFolder folder;
  const std::string file = folder.Write("my.yaml", "data: {root: photos}\n");
  std::vector<std::string> told;
  EXPECT_EQ(RootOf(WithFile(file, &told)), "photos");
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("there is no " + folder.path() + "/photos"),
                                      HasSubstr((fs::current_path() / "photos").string()))));
}

TEST(ParameterPaths, OfTheCommandLineAndAbsoluteOnesNeedNoWord) {
  const TempFolder folder;
  const std::string file = folder.Write("my.yaml", "data.root: /photos\n");
  std::vector<std::string> told;
  Config config = WithFile(file, &told);
  EXPECT_EQ(RootOf(config), "/photos");
  config.Set("data.root=photos");
  ResolvePaths("--set", config, &told);
  EXPECT_EQ(RootOf(config), "photos");
  EXPECT_THAT(told, IsEmpty());
}

TEST(ParameterPaths, HaveTheirVariablesReplacedOnce) {
  setenv("FT_DISK", "/mnt/$HOME", 1);
  std::vector<std::string> told;
  Config config;
  for (const char* key : {"data.root", "data.cache_file", "checkpoint", "model.init", "run.dir",
                          "run.path", "run.resume"}) {
    config.Set(std::string(key) + "=$FT_DISK/a");
  }
  ResolvePaths("--set", config, &told);
  for (const std::string& key : config.Keys()) {
    EXPECT_EQ(config.Get<std::string>(key), "/mnt/$HOME/a") << key;
  }
  ResolvePaths("my.yaml", config, &told);
  EXPECT_EQ(RootOf(config), "/mnt/$HOME/a");
}

TEST(ParameterPaths, NameAVariableThatIsNotSetAndThePlace) {
  unsetenv("FT_UNSET");
  const TempFolder folder;
  const std::string file = folder.Write("my.yaml", "data:\n  root: ${FT_UNSET}/photos\n");
  std::vector<std::string> told;
  EXPECT_THAT(FindingsOf([&] { WithFile(file, &told); }),
              ElementsAre(AllOf(HasSubstr(file + ":2:"), HasSubstr("data.root: "),
                                HasSubstr("variable FT_UNSET, which is not set"))));
}

}  // namespace
}  // namespace flowtrain
