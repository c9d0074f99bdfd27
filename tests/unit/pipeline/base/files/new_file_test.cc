#include "pipeline/base/files/new_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A process that may write no more than some bytes to a file.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

// Whatever fails, the message names the file that the user named.
TEST(NewFile, ErrorsNameTheFileAndNotTheTemporaryOne) {
  const TempFolder folder;
  const auto error_of = [](const std::string& path) {
    return MessageOf<DataError>([&] { WriteNewFile(path, std::string_view("text")); });
  };
  const std::string in_none = folder / "none/a.bin", is_folder = folder / "folder";
  EXPECT_THAT(error_of(in_none), AllOf(HasSubstr("cannot create " + in_none + ": No such file"),
                                       Not(HasSubstr(".part-"))));
  std::filesystem::create_directory(is_folder);
  EXPECT_THAT(error_of(is_folder),
              AllOf(HasSubstr("cannot rename " + is_folder + ": Is a directory"),
                    Not(HasSubstr(".part-"))));
  const std::string too_large = folder / "a.bin";
  {
    const FileSizeLimit limit(2);
    EXPECT_THAT(error_of(too_large), AllOf(HasSubstr("cannot write " + too_large + ": File too"),
                                           Not(HasSubstr(".part-"))));
  }
  // And nothing is left behind.
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path(), is_folder);
  }
}

}  // namespace
}  // namespace flowtrain
