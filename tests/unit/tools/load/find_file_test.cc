#include "tools/load/find_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

TEST(FindShippedFile, TakesTheFileAsGiven) {
  EXPECT_EQ(FindShippedFile("/proc/self/status"), "/proc/self/status");
}

TEST(FindShippedFile, LooksBesideTheProgram) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const std::string name = program.filename().string();
  const std::string found = FindShippedFile(name);
  EXPECT_TRUE(fs::equivalent(found, program));
}

TEST(FindShippedFile, SaysWhereItLooked) {
  try {
    FindShippedFile("graphs/there-is-none.yaml");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("share/flowtrain/graphs/there-is-none.yaml"));
  }
  EXPECT_THROW(FindShippedFile("/"), ConfigError);
}

}  // namespace
}  // namespace flowtrain
