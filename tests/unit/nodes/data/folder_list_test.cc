#include "nodes/data/folder_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "nodes/image/image_extension.h"
#include "pipeline/base/error.h"
#include "tests/support/as_nobody.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FolderList, KnowsExtensionsInAnyCase) {
  EXPECT_TRUE(HasImageExtension("a.JPG"));
  EXPECT_TRUE(HasImageExtension("a.b.TiFf"));
  for (const char* extension :
       {"jpg",  "jpeg", "jpe", "jfif", "png", "bmp",  "dib",  "webp", "tif",
        "tiff", "jp2",  "j2k", "jpf",  "jpx", "j2c",  "ppm",  "pgm",  "pbm",
        "pnm",  "pam",  "ras", "sr",   "gif", "heic", "heif", "hif",  "avif"}) {
    EXPECT_TRUE(HasImageExtension(std::string("a.") + extension)) << extension;
  }
  EXPECT_FALSE(HasImageExtension("jpg"));
  EXPECT_FALSE(HasImageExtension("a.jpg.txt"));
  EXPECT_FALSE(HasImageExtension("a."));
}

TEST(FolderList, SortsByBytesAndSkipsWhatIsHidden) {
  const TempFolder folder;
  for (const char* name : {"b.png", "B.png", "a/z.jpg", "a/deep/er.bmp", "a-b/x.jpg",
                           "\xC3\xA4.jpg", ".hidden.jpg", ".git/x.jpg", "__MACOSX/x.jpg",
                           ".ipynb_checkpoints/x-checkpoint.jpg", "notes.txt", "10.jpg", "9.jpg"}) {
    folder.Write(name, {1});
  }
  EXPECT_THAT(ListFolder(folder.path()).images,
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
  EXPECT_THAT(ListFolder(folder.path()).images, ElementsAre("a/1.jpg", "a/2.jpg"));
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
  EXPECT_THAT(ListFolder(folder.path()).images, ElementsAre("1.jpg", "folder.jpg/2.jpg"));
}

TEST(FolderList, CountsWhatItDoesNotTake) {
  const TempFolder folder;
  for (const char* name : {"1.jpg", "a/2.TXT", "a/3.txt", "a/b/README", ".hidden.jpg", "x.tar",
                           ".git/1.jpg", "a/@eaDir/2.jpg"}) {
    folder.Write(name, {1});
  }
  fs::create_symlink("/no/disk/2.jpg", folder / "2.jpg");
  fs::create_symlink("/no/disk", folder / "more");
  fs::create_symlink("loop.jpg", folder / "loop.jpg");
  fs::create_directory_symlink("a", folder / "again");
  fs::create_symlink("1.jpg", folder / "copy.jpg");
  const FolderListing listing = ListFolder(folder.path());
  EXPECT_THAT(listing.images, ElementsAre("1.jpg", "copy.jpg"));
  EXPECT_THAT(listing.folders, ElementsAre("a", "a/b"));
  EXPECT_EQ(listing.not_taken.at("txt").count, 2u);
  EXPECT_EQ(listing.not_taken.at("").first, "a/b/README");
  EXPECT_EQ(listing.dead_links.count, 3u);
  EXPECT_EQ(listing.hidden_files.first, ".hidden.jpg");
  EXPECT_EQ(listing.hidden_folders.count, 2u);
  EXPECT_EQ(listing.hard_links.count, 0u);
  EXPECT_EQ(listing.repeated_folders.first, "again");
  EXPECT_EQ(listing.repeated_images.count, 1u);
  EXPECT_EQ(listing.repeated_images.first, "copy.jpg");
}

TEST(FolderList, CountsTheFurtherNamesOfAnImage) {
  const TempFolder folder;
  folder.Write("b/1.jpg", {1});
  folder.Write("b/2.jpg", {1});
  fs::create_hard_link(folder / "b/1.jpg", folder / "a.jpg");
  fs::create_hard_link(folder / "b/1.jpg", folder / "b/c.JPG");
  fs::create_hard_link(folder / "b/1.jpg", folder / "b/note.txt");
  const FolderListing listing = ListFolder(folder.path());
  EXPECT_THAT(listing.images, ElementsAre("a.jpg", "b/1.jpg", "b/2.jpg", "b/c.JPG"));
  EXPECT_EQ(listing.hard_links.count, 2u);
  EXPECT_EQ(listing.repeated_images.count, 0u);
}

TEST(FolderList, WhatCannotBeLookedAtIsAnError) {
  const TempFolder folder, other;
  folder.Write("1.jpg", {1});
  other.Write("closed/2.jpg", {1});
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(other.path(), fs::perms::all);
  fs::permissions(other / "closed", fs::perms::none);
  const auto message = [&](const std::string& link, const std::string& target) {
    fs::create_symlink(target, folder / link);
    std::string text;
    {
      const AsNobody nobody;
      text = MessageOf<DataError>([&] { ListFolder(folder.path()); });
    }
    fs::remove(folder / link);
    return text;
  };
  EXPECT_THAT(message("2.jpg", other / "closed/2.jpg"),
              AllOf(HasSubstr("2.jpg: Permission denied"), HasSubstr("change its permissions")));
  EXPECT_THAT(message("more", other / "closed"), HasSubstr("more: Permission denied"));
  EXPECT_THAT(message("long.jpg", '/' + std::string(300, 'x')), HasSubstr("File name too long"));
  fs::permissions(other / "closed", fs::perms::all);
}

TEST(FolderList, APathLongerThanTheSystemTakesIsAnError) {
  const TempFolder folder;
  fs::path deep = folder.path();
  const std::string name(250, 'd');
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  for (int i = 0; i < 17; ++i) {  // no path is that long, so one folder at a time
    ASSERT_EQ(mkdir(name.c_str(), 0755), 0);
    ASSERT_EQ(chdir(name.c_str()), 0);
  }
  WriteText("1.jpg", "x");
  fs::current_path(before);
  EXPECT_THAT(MessageOf<DataError>([&] { ListFolder(folder.path()); }),
              AllOf(HasSubstr("File name too long"), HasSubstr("move it to a shorter path")));
}

TEST(FolderList, AnErrorOfTheDiskIsNoDeadLink) {
  for (const int error : {ENOENT, ENOTDIR, ELOOP}) EXPECT_TRUE(LeadsNowhere(error));
  for (const int error : {EACCES, EIO, ESTALE, ENAMETOOLONG, ETIMEDOUT, EPERM, ENOTCONN}) {
    EXPECT_FALSE(LeadsNowhere(error)) << error;
  }
}

}  // namespace
}  // namespace flowtrain
