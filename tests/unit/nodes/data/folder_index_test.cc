#include "nodes/data/folder_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "nodes/data/folder_list.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

// A data set whose folders were made long ago, as those of a real one.
class FolderIndexTest : public testing::Test {
 protected:
  FolderIndexTest() {
    for (const char* name : {"set/a/1.jpg", "set/a/b/2.jpg", "set/a/b/c/3.png", "set/4.txt"}) {
      folder_.Write(name, "x");
    }
    MakeOld();
  }

  void MakeOld() const {
    const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (entry.is_directory() && !entry.is_symlink()) fs::last_write_time(entry.path(), old);
    }
    fs::last_write_time(root_, old);
  }
  std::vector<std::string> List() const { return ListFolder(root_, 0).images; }
  // How many of the folders are in the index, by their paths with a slash behind.
  bool IsKept(const std::string& relative) const {
    FolderIndex index(root_);
    struct stat status {};
    EXPECT_EQ(stat((root_ + '/' + relative).c_str(), &status), 0);
    return index.Find(relative, status).has_value();
  }

  const TempFolder folder_;
  const std::string root_ = folder_ / "set";
};

TEST_F(FolderIndexTest, WhatIsKeptIsUsed) {
  EXPECT_FALSE(IsKept("a/b/"));
  const FolderListing first = ListFolder(root_, 0);
  for (const char* relative : {"", "a/", "a/b/", "a/b/c/"})
    EXPECT_TRUE(IsKept(relative)) << relative;
  const FolderListing second = ListFolder(root_, 0);
  EXPECT_THAT(second.images, ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/3.png"));
  EXPECT_EQ(second.images, first.images);
  EXPECT_EQ(second.folders, first.folders);
  EXPECT_EQ(second.not_taken.at("txt").first, "4.txt");
}

TEST_F(FolderIndexTest, FilesThatComeGoOrChangeTheirNamesInANestedFolderAreSeen) {
  List();
  folder_.Write("set/a/b/c/5.jpg", "x");
  EXPECT_FALSE(IsKept("a/b/c/"));
  EXPECT_TRUE(IsKept("a/b/"));
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/3.png", "a/b/c/5.jpg"));
  MakeOld();
  List();
  fs::remove(folder_ / "set/a/b/2.jpg");
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/c/3.png", "a/b/c/5.jpg"));
  MakeOld();
  List();
  fs::rename(folder_ / "set/a/b/c/5.jpg", folder_ / "set/a/b/c/6.jpg");
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/c/3.png", "a/b/c/6.jpg"));
  MakeOld();
  List();
  folder_.Write("set/a/new/deep/7.jpg", "x");
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/c/3.png", "a/b/c/6.jpg", "a/new/deep/7.jpg"));
  fs::remove_all(folder_ / "set/a/b");
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/new/deep/7.jpg"));
}

// The same time again, as tools that copy give it: the time of the change tells.
TEST_F(FolderIndexTest, ATimeThatIsPutBackDoesNotHideAChange) {
  List();
  const auto time = fs::last_write_time(folder_ / "set/a/b/c");
  fs::rename(folder_ / "set/a/b/c/3.png", folder_ / "set/a/b/c/8.png");
  fs::last_write_time(folder_ / "set/a/b/c", time);
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/8.png"));
}

TEST_F(FolderIndexTest, AnotherFolderOfTheSameNameIsRead) {
  List();
  fs::rename(folder_ / "set/a/b", folder_ / "aside");
  folder_.Write("set/a/b/9.jpg", "x");
  MakeOld();
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/9.jpg"));
}

TEST_F(FolderIndexTest, WhatWasModifiedJustNowIsNotTrusted) {
  folder_.Write("set/a/5.jpg", "x");
  List();
  EXPECT_FALSE(IsKept("a/"));
  EXPECT_TRUE(IsKept("a/b/"));
}

TEST_F(FolderIndexTest, AFolderWithLinksIsReadEachTime) {
  folder_.Write("elsewhere/x.jpg", "x");
  fs::create_symlink(folder_ / "elsewhere/x.jpg", folder_ / "set/a/link.jpg");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "set/a/linked");
  MakeOld();
  EXPECT_THAT(List(),
              ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/3.png", "a/link.jpg", "a/linked/x.jpg"));
  EXPECT_FALSE(IsKept("a/"));
  fs::remove_all(folder_ / "elsewhere");
  const FolderListing listing = ListFolder(root_, 0);
  EXPECT_THAT(listing.images, ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/3.png"));
  EXPECT_EQ(listing.dead_links.count, 2u);
}

TEST_F(FolderIndexTest, ADamagedIndexIsNone) {
  List();
  const std::string file = folder_ / ".flowtrain-index-set";
  ASSERT_TRUE(fs::exists(file));
  fs::resize_file(file, fs::file_size(file) - 3);
  EXPECT_FALSE(IsKept("a/"));
  EXPECT_THAT(List(), ElementsAre("a/1.jpg", "a/b/2.jpg", "a/b/c/3.png"));
  EXPECT_TRUE(IsKept("a/"));
}

TEST_F(FolderIndexTest, SmallSetsLeaveNothingBehind) {
  ListFolder(root_);
  EXPECT_FALSE(fs::exists(folder_ / ".flowtrain-index-set"));
}

}  // namespace
}  // namespace flowtrain
