#include "tools/load/find_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// Makes a folder of its own the working directory while it lives.
class FindFile : public ::testing::Test {
 protected:
  FindFile() { fs::current_path(folder_.path()); }
  ~FindFile() override { fs::current_path(before_); }

  void Make(const std::string& name) const {
    fs::create_directories(fs::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "the user's own\n";
  }

 private:
  const fs::path before_ = fs::current_path();
  const TempFolder folder_;
};

TEST_F(FindFile, TakesAnAbsolutePathAsGiven) {
  EXPECT_EQ(FindShippedFile("/proc/self/status"), "/proc/self/status");
}

TEST_F(FindFile, FindsWhatShipsFromAnyFolder) {
  EXPECT_TRUE(fs::equivalent(ShippedFolder(), FLOWTRAIN_SOURCE_DIR));
  for (const char* name : {"graphs/simclr.yaml", "configs/stl10_config.yaml"}) {
    EXPECT_EQ(FindShippedFile(name), ShippedFolder() + '/' + name);
  }
}

TEST_F(FindFile, TakesTheUsersOwnFileFirst) {
  Make("graphs/simclr.yaml");
  EXPECT_EQ(FindShippedFile("graphs/simclr.yaml"), "graphs/simclr.yaml");
}

TEST_F(FindFile, SaysHowSomethingElseThanAGraphIsUsed) {
  Make("runs/a/config.yaml");
  Make("runs/a/metrics.jsonl");
  Make("my photos/x.png");
  Make("a.pt");
  const auto message = [](const std::string& name) {
    return MessageOf<ConfigError>([&] { FindGraphFile(name); });
  };
  EXPECT_THAT(message("runs/a"), ::testing::HasSubstr("--resume runs/a"));
  EXPECT_THAT(message("my photos"), ::testing::HasSubstr("--set 'data.root=my photos'"));
  EXPECT_THAT(message("my photos/x.png"), ::testing::HasSubstr("is an image, not a graph"));
  EXPECT_THAT(message("a.pt"), ::testing::HasSubstr("--init a.pt"));
  EXPECT_THAT(message("simclr"), ::testing::HasSubstr("did you mean graphs/simclr.yaml?"));
  EXPECT_THAT(message("knn.yaml"), ::testing::HasSubstr("did you mean graphs/knn.yaml?"));
  EXPECT_THAT(MessageOf<ConfigError>([] { FindParameterFile("runs/a"); }),
              ::testing::HasSubstr("did you mean runs/a/config.yaml?"));
  EXPECT_EQ(FindParameterFile("runs/a/config.yaml"), "runs/a/config.yaml");
}

TEST_F(FindFile, NamesBothPlacesWhereThereIsNeither) {
  try {
    FindShippedFile("graphs/there-is-none.yaml");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    for (const std::string& folder : {fs::current_path().string(), ShippedFolder()}) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(folder + "/graphs/there-is-none.yaml"));
    }
  }
  EXPECT_THROW(FindShippedFile("/"), ConfigError);
}

}  // namespace
}  // namespace flowtrain
