#include "nodes/data/folder_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

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
                HasSubstr("closed: Permission denied; there may be images"));
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
  EXPECT_EQ(set->Fetch(0, storage).error, "cannot read it: it is not a regular file");
  EXPECT_EQ(set->Fetch(1, storage).error, "cannot read it: it is not a regular file");
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
  EXPECT_THAT(set->classes(), ElementsAre("cat", "cat-like", "dog"));  // as ImageFolder has them
  EXPECT_THAT(set->Description(), HasSubstr(": 4 images in 3 classes"));
  EXPECT_EQ(set->ImageName(3), "dog/1.jpg");
  std::vector<uint8_t> storage;
  const EncodedImage image = set->Fetch(1, storage);
  EXPECT_EQ(image.error, "");
  EXPECT_EQ(image.label, 0);
  EXPECT_THAT(image.bytes, ElementsAre(1, 2, 3));
  EXPECT_EQ(set->Fetch(0, storage).label, 1);  // cat-like: images are in the order of their paths
  EXPECT_EQ(set->Fetch(2, storage).label, 0);

  const Evaluation evaluation = set->evaluation();
  EXPECT_TRUE(evaluation.leave_one_out);
  EXPECT_EQ(evaluation.bank, evaluation.queries);
  EXPECT_EQ(evaluation.bank->size(), 4u);
}

TEST(Folder, AStrayImageCostsNoLabelsButItsOwn) {
  const TempFolder folder;
  folder.Write("cat/1.jpg", {1});
  folder.Write("dog/1.jpg", {2});
  folder.Write("cow.jpg", {3});
  const auto set = OpenFolder(folder.path());
  EXPECT_THAT(set->classes(), ElementsAre("cat", "dog"));
  EXPECT_THAT(set->Notes(), ElementsAre(HasSubstr("1 image lies beside the class folders and so "
                                                  "without a label: cow.jpg")));
  std::vector<uint8_t> storage;
  EXPECT_EQ(set->size(), 3u);  // it is trained on
  EXPECT_EQ(set->Fetch(1, storage).label, -1);
  EXPECT_EQ(set->Fetch(2, storage).label, 1);
  const LabelledImages& bank = *set->evaluation().bank;
  ASSERT_EQ(bank.size(), 2u);  // and not judged on
  EXPECT_EQ(bank.ImageName(1), "dog/1.jpg");
  EXPECT_EQ(bank.TrainingId(1), 2);
  EXPECT_THAT(bank.Fetch(1, storage).bytes, ElementsAre(2));
}

TEST(Folder, TrainsOnTrainAndJudgesOnVal) {
  const TempFolder folder;
  for (const char* name : {"train/cat/1.jpg", "train/cat/2.jpg", "train/dog/3.jpg"}) {
    folder.Write(name, {1});
  }
  folder.Write("val/dog/4.jpg", {4});
  folder.Write("val/cat/5.jpg", {5});
  const auto set = OpenFolder(folder.path());
  EXPECT_THAT(set->Description(),
              HasSubstr(", train: 3 images in 2 classes; judged on val: 2 images"));
  EXPECT_EQ(set->size(), 3u);
  EXPECT_EQ(set->ImageName(0), "train/cat/1.jpg");
  const Evaluation evaluation = set->evaluation();
  EXPECT_FALSE(evaluation.leave_one_out);
  EXPECT_EQ(evaluation.bank->size(), 3u);
  ASSERT_EQ(evaluation.queries->size(), 2u);
  std::vector<uint8_t> storage;
  EXPECT_EQ(evaluation.queries->Fetch(0, storage).label, 0);
  EXPECT_THAT(evaluation.queries->Fetch(0, storage).bytes, ElementsAre(5));
  EXPECT_EQ(evaluation.queries->Fetch(1, storage).label, 1);
  EXPECT_EQ(evaluation.queries->ImageName(1), "val/dog/4.jpg");
  EXPECT_EQ(evaluation.queries->TrainingId(1), -1);  // it is not trained on
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

class FolderErrors : public ::testing::Test {
 protected:
  std::string Message(const std::string& root) const {
    return MessageOf<ConfigError>([&] { OpenFolder(root.empty() ? "" : folder_ / root); });
  }

  const TempFolder folder_;
};

TEST_F(FolderErrors, SayWhatIsWrongWithTheRoot) {
  folder_.Write("photos/1.jpg", {1});
  EXPECT_THAT(Message(""), HasSubstr("root is empty"));
  EXPECT_THAT(Message("photo"), AllOf(HasSubstr("there is no folder " + (folder_ / "photo")),
                                      HasSubstr("did you mean " + (folder_ / "photos?"))));
  EXPECT_THAT(Message("some/where/else"),
              HasSubstr("the folder " + folder_.path() + " has nothing named some"));
  EXPECT_THAT(Message("photos/1.jpg"),
              AllOf(HasSubstr("is a file and not a folder"), HasSubstr("it is an image")));
  folder_.Write("set.zip", {1});
  EXPECT_THAT(Message("set.zip"), AllOf(HasSubstr("is a file and not a folder"),
                                        HasSubstr("is an archive"), HasSubstr("unpack it")));
  EXPECT_THAT(Message("set"), HasSubstr("set.zip is there, still packed: unpack it"));
  fs::create_directory(folder_ / "empty");
  EXPECT_THAT(Message("empty"), HasSubstr("it is empty. If a disk is to be there, mount it"));
  fs::create_symlink("/no/disk", folder_ / "link");
  EXPECT_THAT(Message("link"), HasSubstr("is a link to /no/disk, which does not exist"));
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(folder_ / "photos", fs::perms::none);
  {
    const AsNobody nobody;
    EXPECT_THAT(Message("photos"), HasSubstr("cannot be read: Permission denied"));
  }
  fs::permissions(folder_ / "photos", fs::perms::all);
}

TEST_F(FolderErrors, SayWhatLiesThereInsteadOfImages) {
  const struct {
    const char *file, *text;
  } cases[] = {
      {"a/train_X.bin", "is one of STL-10's binary files: set kind to stl10 and root to "},
      {"b/stl10_binary.tar.gz", "is STL-10, still packed: tar xf "},
      {"c/train.mat", "is a Matlab file"},
      {"d/data_batch_1",
       "in another version than the binary one, which is read: download "
       "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
      {"e/data_batch_1.bin", "is of CIFAR-10's binary version: set kind to cifar10 and root to "},
      {"m/fine_label_names.txt", "set kind to cifar100 and root to "},
      {"n/meta", "cifar-100-binary.tar.gz, unpack it, and set kind to cifar100"},
      {"o/cifar-10-python.tar.gz", "in another version than the binary one"},
      {"p/cifar-100-binary.tar.gz", "is CIFAR-100, still packed: tar xf "},
      {"f/shard-000.tar", "is a tar file: if it holds images, set kind to tar and root to "},
      {"q/shard-000.tar.gz", "is an archive, of which none are read but plain .tar files"},
      {"r/labels.csv", "lists images, set kind to list and root to "},
      {"g/photos.ftpack", "is a packed data set: set kind to packed and root to "},
      {"h/images.npy", "holds arrays or records"},
      {"i/IMG_1.CR2", "convert them to JPEG or PNG"},
      {"j/notes.txt", "1 file not taken: 1 .txt"},
  };
  for (const auto& [file, text] : cases) {
    folder_.Write(file, {'F', 'T', 'P', 'A', 'C', 'K', '\r', '\n'});
    EXPECT_THAT(
        Message(std::string(1, file[0])),
        AllOf(HasSubstr("holds no images"), HasSubstr("1 file not taken"), HasSubstr(text)));
  }
  folder_.Write("k/0001", {0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_THAT(Message("k"), AllOf(HasSubstr("1 without an extension"),
                                  HasSubstr("is an image: rename such files to end with .jpg")));
  folder_.Write("l/.1.jpg", {1});
  EXPECT_THAT(Message("l"), HasSubstr("1 file skipped because of the name"));
}

TEST(Folder, TellsOfFilesThatAreNotTakenByTheirExtensions) {
  const TempFolder folder;
  folder.Write("1.jpg", {1});
  for (int i = 0; i < 40; ++i) folder.Write("a/" + std::to_string(i) + ".jxl", {1});
  for (int i = 0; i < 20; ++i) folder.Write("b/" + std::to_string(i) + ".tga", {1});
  folder.Write("README", {1});
  folder.Write("3.jpg", {1});
  fs::create_hard_link(folder / "3.jpg", folder / "4.jpg");
  folder.Write(".old/5.jpg", {1});
  fs::create_symlink("/no/disk/2.jpg", folder / "2.jpg");
  EXPECT_THAT(
      OpenFolder(folder.path())->Notes(),
      ElementsAre(HasSubstr("61 files not taken: 40 .jxl, 20 .tga, 1 without an extension"),
                  HasSubstr("1 link leads nowhere, and what it stood for is missing: 2.jpg"),
                  HasSubstr("1 image is a hard link to another of the set, which therefore counts "
                            "twice: 4.jpg"),
                  HasSubstr("1 hidden folder is skipped: .old"),
                  HasSubstr("folders hold no images, and are not classes: a, b")));
}

}  // namespace
}  // namespace flowtrain
