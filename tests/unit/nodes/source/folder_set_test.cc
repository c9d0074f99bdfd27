#include "nodes/source/folder_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/source/folder_list.h"
#include "pipeline/error.h"
#include "tests/unit/nodes/source/testing.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MessageOf;
using testing::TempFolder;

TEST(FolderList, KnowsExtensionsInAnyCase) {
  EXPECT_TRUE(HasImageExtension("a.JPG"));
  EXPECT_TRUE(HasImageExtension("a.b.TiFf"));
  EXPECT_TRUE(HasImageExtension("a.webp"));
  EXPECT_FALSE(HasImageExtension("jpg"));
  EXPECT_FALSE(HasImageExtension("a.jpg.txt"));
  EXPECT_FALSE(HasImageExtension("a."));
}

TEST(FolderList, SortsByBytesAndSkipsWhatIsHidden) {
  const TempFolder folder;
  for (const char* name :
       {"b.png", "B.png", "a/z.jpg", "a/deep/er.bmp", "a-b/x.jpg", "\xC3\xA4.jpg", ".hidden.jpg",
        ".git/x.jpg", "notes.txt", "10.jpg", "9.jpg"}) {
    folder.Write(name, {1});
  }
  EXPECT_THAT(ListImages(folder.path()),
              ElementsAre("10.jpg", "9.jpg", "B.png", "a-b/x.jpg", "a/deep/er.bmp", "a/z.jpg",
                          "b.png", "\xC3\xA4.jpg"));
}

TEST(FolderList, EntersAFolderOnceThroughLinks) {
  const TempFolder folder;
  folder.Write("a/1.jpg", {1});
  fs::create_directory_symlink(folder.path(), folder / "a/loop");
  fs::create_directory_symlink(folder / "a", folder / "b");
  fs::create_symlink(folder / "a/1.jpg", folder / "a/2.jpg");
  fs::create_symlink(folder / "nowhere", folder / "a/3.jpg");
  EXPECT_THAT(ListImages(folder.path()), ElementsAre("a/1.jpg", "a/2.jpg"));
}

TEST(Folder, TakesClassesFromTheFoldersBelowTheRoot) {
  const TempFolder folder;
  folder.Write("cat/1.jpg", {1, 2, 3});
  folder.Write("cat/more/2.jpg", {4});
  folder.Write("cat-like/1.jpg", {5});
  folder.Write("dog/1.jpg", {6});
  const auto set = OpenFolder(folder.path());
  EXPECT_THAT(set->classes(), ElementsAre("cat-like", "cat", "dog"));
  EXPECT_THAT(set->Description(), HasSubstr(": 4 images in 3 classes"));
  EXPECT_EQ(set->ImageName(3), "dog/1.jpg");
  std::vector<uint8_t> storage;
  const EncodedImage image = set->Fetch(1, storage);
  EXPECT_EQ(image.error, "");
  EXPECT_EQ(image.label, 1);
  EXPECT_THAT(image.bytes, ElementsAre(1, 2, 3));
  EXPECT_EQ(set->Fetch(0, storage).label, 0);
  EXPECT_EQ(set->Fetch(2, storage).label, 1);

  const Evaluation evaluation = set->evaluation();
  EXPECT_TRUE(evaluation.leave_one_out);
  EXPECT_EQ(evaluation.bank, evaluation.queries);
  EXPECT_EQ(evaluation.bank->size(), 4u);
}

TEST(Folder, HasNoLabelsWhenFlatOrMixedOrOfOneClass) {
  const TempFolder folder;
  folder.Write("cat/1.jpg", {1});
  EXPECT_THAT(OpenFolder(folder.path())->evaluation().why_not, HasSubstr("class folders"));
  folder.Write("dog/1.jpg", {1});
  EXPECT_TRUE(OpenFolder(folder.path())->evaluation().possible());
  folder.Write("elk.jpg", {1});
  const auto set = OpenFolder(folder.path());
  std::vector<uint8_t> storage;
  EXPECT_FALSE(set->evaluation().possible());
  EXPECT_EQ(set->Fetch(0, storage).label, -1);
  EXPECT_TRUE(set->classes().empty());
}

TEST(Folder, AnUnreadableFileIsAnErrorOfTheImage) {
  const TempFolder folder;
  folder.Write("1.jpg", {1});
  folder.Write("2.jpg", {});
  const auto set = OpenFolder(folder.path());
  fs::remove(folder / "1.jpg");
  std::vector<uint8_t> storage;
  EXPECT_THAT(set->Fetch(0, storage).error, HasSubstr("cannot open it: No such file"));
  EXPECT_EQ(set->Fetch(1, storage).error, "");
  EXPECT_TRUE(set->Fetch(1, storage).bytes.empty());
}

TEST(Folder, UsesTheStorageAgain) {
  const TempFolder folder;
  folder.Write("1.jpg", std::vector<uint8_t>(1000, 7));
  folder.Write("2.jpg", {1});
  const auto set = OpenFolder(folder.path());
  std::vector<uint8_t> storage;
  set->Fetch(0, storage);
  const uint8_t* memory = storage.data();
  EXPECT_EQ(set->Fetch(1, storage).bytes.data(), memory);
}

TEST(Folder, AnEmptyOneIsAnError) {
  const TempFolder folder;
  folder.Write("readme.txt", {1});
  EXPECT_THAT(MessageOf<DataError>([&] { OpenFolder(folder.path()); }),
              HasSubstr("holds no images"));
}

}  // namespace
}  // namespace flowtrain
