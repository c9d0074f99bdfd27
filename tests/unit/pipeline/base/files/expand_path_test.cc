#include "pipeline/base/files/expand_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

class ExpandPathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("HOME", "/home/ann", 1);
    setenv("FT_DISK", "/mnt/disk", 1);
    setenv("FT_EMPTY", "", 1);
    unsetenv("FT_UNSET");
  }
};

TEST_F(ExpandPathTest, PutsInTheHomeFolder) {
  EXPECT_EQ(ExpandPath("~"), "/home/ann");
  EXPECT_EQ(ExpandPath("~/photos"), "/home/ann/photos");
  const passwd* root = getpwnam("root");
  ASSERT_NE(root, nullptr);
  const std::string home = root->pw_dir;
  EXPECT_EQ(ExpandPath("~root/photos"), home + "/photos");
  unsetenv("HOME");
  const passwd* self = getpwuid(getuid());
  if (self != nullptr) {
    EXPECT_EQ(ExpandPath("~/photos"), std::string(self->pw_dir) + "/photos");
  }
}

TEST_F(ExpandPathTest, PutsInVariables) {
  EXPECT_EQ(ExpandPath("$FT_DISK/photos"), "/mnt/disk/photos");
  EXPECT_EQ(ExpandPath("${FT_DISK}2/$FT_DISK"), "/mnt/disk2//mnt/disk");
  EXPECT_EQ(ExpandPath("~/a$FT_DISK"), "/home/ann/a/mnt/disk");
}

TEST_F(ExpandPathTest, LeavesOtherPathsAsTheyAre) {
  for (const char* path : {"", "photos", "/a/b c", "a~", "a/~/b", "./~", "$", "a$", "$1", "a$-b",
                           "${", "${}", "${FT_DISK", "${train.seed}"}) {
    EXPECT_EQ(ExpandPath(path), path);
  }
  EXPECT_EQ(ExpandPath("a$$FT_DISK"), "a$FT_DISK");
}

TEST_F(ExpandPathTest, NamesAUserWhoIsNotThere) {
  EXPECT_THAT(MessageOf<ConfigError>([] { ExpandPath("~no-such-user/x"); }),
              HasSubstr("the path '~no-such-user/x' begins with the home folder of the user "
                        "no-such-user, who is not there"));
}

TEST_F(ExpandPathTest, NamesAVariableThatIsNotSet) {
  EXPECT_THAT(
      MessageOf<ConfigError>([] { ExpandPath("$FT_UNSET/photos"); }),
      HasSubstr("the path '$FT_UNSET/photos' names the environment variable FT_UNSET, which "
                "is not set"));
  EXPECT_THAT(MessageOf<ConfigError>([] { ExpandPath("/a/${FT_EMPTY}b"); }),
              HasSubstr("FT_EMPTY, which is empty"));
}

}  // namespace
}  // namespace flowtrain
