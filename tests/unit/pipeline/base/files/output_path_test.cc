#include "pipeline/base/files/output_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

TEST(TryOutput, LeavesWhatIsThere) {
  const TempFolder folder;
  TryOutput(folder / "new");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  folder.Write("old", "text");
  TryOutput(folder / "old");
  EXPECT_EQ(ReadText(folder / "old"), "text");
}

TEST(TryOutput, SaysWhatIsInTheWay) {
  const TempFolder folder;
  folder.Write("file", "x");
  const auto message = [](const std::string& path) {
    return MessageOf<DataError>([&] { TryOutput(path); });
  };
  EXPECT_THAT(message(folder / "none/x"), HasSubstr("there is no folder " + (folder / "none")));
  EXPECT_THAT(message(folder / "file/x"), HasSubstr("there is no folder " + (folder / "file")));
  EXPECT_THAT(message(folder.path()), HasSubstr("it is a folder"));
  EXPECT_THAT(message("/proc/x"), HasSubstr("/proc/x"));
}

}  // namespace
}  // namespace flowtrain
