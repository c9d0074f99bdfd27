#include "nodes/data/folder_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "nodes/data/folder_list.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FolderList, KnowsExtensionsInAnyCase) {
  EXPECT_TRUE(HasImageExtension("a.JPG"));
  EXPECT_TRUE(HasImageExtension("a.b.TiFf"));
  for (const char* name : {"a.webp", "a.heic", "a.HIF", "a.avif", "a.gif", "a.j2k", "a.pam"}) {
    EXPECT_TRUE(HasImageExtension(name)) << name;
  }
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

TEST(FolderList, SkipsWhatIsNoFile) {
  const TempFolder folder;
  folder.Write("1.jpg", {1});
  folder.Write("folder.jpg/2.jpg", {1});
  ASSERT_EQ(mkfifo((folder / "fifo.jpg").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", folder / "device.jpg");
  fs::create_symlink("loop.jpg", folder / "loop.jpg");
  fs::create_symlink(folder / "fifo.jpg", folder / "to_fifo.jpg");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "socket.jpg").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  close(socket);
  EXPECT_THAT(ListImages(folder.path()), ElementsAre("1.jpg", "folder.jpg/2.jpg"));
}

// For whom the modes of files count: not for root.
class AsNobody {
 public:
  AsNobody() {
    if (geteuid() == 0 && seteuid(65534) != 0) std::abort();
  }
  ~AsNobody() {
    if (getuid() == 0 && seteuid(0) != 0) std::abort();
  }
};

TEST(Folder, WhatMayNotBeReadIsABadImageOrAClearError) {
  const TempFolder folder;
  folder.Write("1.jpg", {1});
  folder.Write("closed/2.jpg", {1});
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(folder / "1.jpg", fs::perms::none);
  std::vector<uint8_t> storage;
  {
    const AsNobody nobody;
    EXPECT_EQ(OpenFolder(folder.path())->Fetch(0, storage).error,
              "cannot open it: Permission denied");
  }
  fs::permissions(folder / "closed", fs::perms::none);
  {
    const AsNobody nobody;
    EXPECT_THAT(MessageOf<DataError>([&] { OpenFolder(folder.path()); }),
                HasSubstr("closed: Permission denied; mend its permissions"));
  }
  fs::permissions(folder / "closed", fs::perms::all);
}

TEST(Folder, AFileThatBecameAFifoIsBadAndNotWaitedFor) {
  const TempFolder folder;
  folder.Write("1.jpg", {1});
  folder.Write("2.jpg", {1});
  const auto set = OpenFolder(folder.path());
  fs::remove(folder / "1.jpg");
  ASSERT_EQ(mkfifo((folder / "1.jpg").c_str(), 0600), 0);
  fs::remove(folder / "2.jpg");
  fs::create_directory(folder / "2.jpg");
  std::vector<uint8_t> storage;
  EXPECT_EQ(set->Fetch(0, storage).error, "cannot read it: it is no regular file");
  EXPECT_EQ(set->Fetch(1, storage).error, "cannot read it: it is no regular file");
}

TEST(Folder, NamesOfAnyBytesAreReadAndShownPrintable) {
  const TempFolder folder;
  folder.Write("caf\xE9/\x1B[2J\n.jpg", {7});
  folder.Write("z\xC3\xA9/2.jpg", {8});
  const auto set = OpenFolder(folder.path());
  std::vector<uint8_t> storage;
  EXPECT_THAT(set->Fetch(0, storage).bytes, ElementsAre(7));
  EXPECT_EQ(set->ImageName(0), "caf\\xE9/\\x1B[2J\\x0A.jpg");
  EXPECT_EQ(set->ImageName(1), "z\xC3\xA9/2.jpg");
  EXPECT_THAT(set->classes(), ElementsAre("caf\\xE9", "z\xC3\xA9"));
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
