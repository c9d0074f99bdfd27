#include "nodes/data/stl10_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "nodes/data/dataset.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Image `index` of a file: every byte holds `first + index`.
std::vector<uint8_t> Images(int count, int first) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < count; ++i) {
    bytes.insert(bytes.end(), kStl10ImageBytes, static_cast<uint8_t>(first + i));
  }
  return bytes;
}

void WriteWhole(const TempFolder& folder) {
  folder.Write("train_X.bin", Images(3, 10));
  folder.Write("train_y.bin", {1, 10, 2});
  folder.Write("test_X.bin", Images(2, 50));
  folder.Write("test_y.bin", {3, 3});
  folder.Write("unlabeled_X.bin", Images(4, 100));
}

TEST(Stl10, ConcatenatesTheSplitsInTheOrderGiven) {
  const TempFolder folder;
  WriteWhole(folder);
  const auto set = OpenStl10(folder.path(), {"unlabeled", "train"});
  std::vector<uint8_t> storage;
  ASSERT_EQ(set->size(), 7u);
  EXPECT_EQ(set->Fetch(3, storage).bytes[0], 103);
  EXPECT_EQ(set->Fetch(3, storage).label, -1);
  EXPECT_EQ(set->Fetch(4, storage).bytes[kStl10ImageBytes - 1], 10);
  EXPECT_EQ(set->Fetch(5, storage).label, 9);
  EXPECT_EQ(set->Fetch(5, storage).bytes.size(), kStl10ImageBytes);
  EXPECT_EQ(set->ImageName(5), "train image 1");
  EXPECT_EQ(set->Description(), "STL-10, unlabeled + train: 7 images 96x96");
  EXPECT_EQ(set->Fetch(0, storage).encoding, Encoding::kStl10Planes);
  EXPECT_EQ(set->classes().size(), 10u);
  EXPECT_EQ(set->classes()[0], "airplane");
}

TEST(Stl10, EvaluatesOnTrainAndTestWhateverTheSplits) {
  const TempFolder folder;
  WriteWhole(folder);
  const auto set = OpenStl10(folder.path(), {"unlabeled"});
  const Evaluation evaluation = set->evaluation();
  ASSERT_TRUE(evaluation.possible());
  std::vector<uint8_t> storage;
  EXPECT_EQ(evaluation.bank->size(), 3u);
  EXPECT_EQ(evaluation.bank->Fetch(1, storage).label, 9);
  EXPECT_EQ(evaluation.queries->size(), 2u);
  EXPECT_EQ(evaluation.queries->Fetch(1, storage).bytes[5], 51);
  EXPECT_FALSE(evaluation.leave_one_out);
}

TEST(Stl10, SaysWhichFileTheEvaluationLacks) {
  const TempFolder folder;
  WriteWhole(folder);
  std::filesystem::remove(folder / "test_y.bin");
  EXPECT_THAT(OpenStl10(folder.path(), {"train"})->evaluation().why_not,
              HasSubstr("test_y.bin is not there"));
  std::filesystem::remove(folder / "train_X.bin");
  EXPECT_THAT(OpenStl10(folder.path(), {"unlabeled"})->evaluation().why_not,
              HasSubstr("train_X.bin is not there"));
}

TEST(Stl10, RefusesBrokenFiles) {
  const TempFolder folder;
  WriteWhole(folder);
  auto open = [&] { OpenStl10(folder.path(), {"train"}); };
  auto images = Images(3, 10);
  images.pop_back();
  folder.Write("train_X.bin", images);
  EXPECT_THAT(MessageOf<DataError>(open), HasSubstr("82,943 bytes"));
  folder.Write("train_X.bin", {});
  EXPECT_THAT(MessageOf<DataError>(open),
              AllOf(HasSubstr("train_X.bin is empty; "), HasSubstr("flowtrain fetch stl10")));
  folder.Write("train_X.bin", Images(3, 10));
  folder.Write("train_y.bin", {1, 2});
  EXPECT_THAT(MessageOf<DataError>(open), HasSubstr("2 labels for the 3 images"));
  folder.Write("train_y.bin", {1, 2, 11});
  EXPECT_THAT(MessageOf<DataError>(open), HasSubstr("the label 11"));
}

// It has no byte on the disk, and its last image is as good as any.
TEST(Stl10, AHugeFileWithHolesOpensAtOnce) {
  const TempFolder folder;
  folder.Write("unlabeled_X.bin", {});
  constexpr uint64_t kImages = 40'000'000;  // 1.1 TB
  std::filesystem::resize_file(folder / "unlabeled_X.bin", kImages * kStl10ImageBytes);
  const auto set = OpenStl10(folder.path(), {"unlabeled"});
  EXPECT_EQ(set->size(), kImages);
  std::vector<uint8_t> storage;
  EXPECT_EQ(set->Fetch(kImages - 1, storage).bytes[kStl10ImageBytes - 1], 0);
}

TEST(Stl10, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "train_X.bin").c_str(), 0600), 0);
  auto open = [&] { OpenStl10(folder.path(), {"train"}); };
  EXPECT_THAT(MessageOf<DataError>(open), HasSubstr("train_X.bin: it is not a regular file"));
  std::filesystem::remove(folder / "train_X.bin");
  folder.Write("train_X.bin", Images(1, 10));
  ASSERT_EQ(mkfifo((folder / "train_y.bin").c_str(), 0600), 0);
  EXPECT_THAT(MessageOf<DataError>(open), HasSubstr("train_y.bin: it is not a regular file"));
  std::filesystem::remove(folder / "train_y.bin");
  ASSERT_EQ(mkfifo((folder / "class_names.txt").c_str(), 0600), 0);
  EXPECT_EQ(OpenStl10(folder.path(), {"train"})->classes()[0], "airplane");
}

TEST(Stl10, ABrokenEvaluationFileIsAnErrorToo) {
  const TempFolder folder;
  WriteWhole(folder);
  folder.Write("test_X.bin", {1, 2, 3});
  EXPECT_THROW(OpenStl10(folder.path(), {"unlabeled"}), DataError);
}

TEST(Stl10, ChecksTheSplits) {
  EXPECT_THROW(OpenStl10("nowhere", {}), ConfigError);
  EXPECT_THROW(OpenStl10("nowhere", {"train", "train"}), ConfigError);
  EXPECT_THAT(MessageOf<ConfigError>([] { OpenStl10("nowhere", {"unlabelled"}); }),
              HasSubstr("train, test and unlabeled"));
}

TEST(Stl10, PointsToTheFolderInside) {
  const TempFolder folder;
  folder.Write("stl10_binary/train_X.bin", Images(1, 0));
  folder.Write("stl10_binary/extra/notes.txt", {1});
  const auto message = [&](const std::string& root) {
    return MessageOf<ConfigError>([&] { OpenStl10(root, {"train"}); });
  };
  const std::string there = "root to " + (folder / "stl10_binary");
  EXPECT_THAT(message(folder.path()), HasSubstr(there));
  EXPECT_THAT(message(folder / "stl10_binary/extra"), HasSubstr(there));
  EXPECT_THAT(message(folder / "stl10_binary/train_X.bin"),
              AllOf(HasSubstr("is a file and not a folder"), HasSubstr(there)));
}

TEST(Stl10, ASplitThatIsNotThereIsRefused) {
  const TempFolder folder;
  folder.Write("train_X.bin", Images(1, 0));
  EXPECT_THAT(MessageOf<ConfigError>([&] {
                OpenStl10(folder.path(), {"train", "unlabeled"});
              }),
              AllOf(HasSubstr("holds no unlabeled_X.bin"), HasSubstr("that are there in splits")));
}

TEST(Stl10, SaysWhatLiesInItsPlace) {
  const TempFolder folder;
  const auto message = [&](const std::string& root) {
    return MessageOf<ConfigError>([&] { OpenStl10(folder / root, {"train"}); });
  };
  folder.Write("photos/cat/1.jpg", {1});
  EXPECT_THAT(message("photos"),
              AllOf(HasSubstr("holds no train_X.bin"),
                    HasSubstr("1 image, such as cat/1.jpg: set kind to folder")));
  folder.Write("stl10/stl10_binary.tar.gz", {1});
  EXPECT_THAT(message("stl10"), HasSubstr("still packed: tar xf "));
  folder.Write("stl10_binary.tar.gz", {1});
  EXPECT_THAT(message("stl10_binary"),
              AllOf(HasSubstr("there is no folder"), HasSubstr("still packed: unpack it")));
  std::filesystem::create_directory(folder / "mount");
  EXPECT_THAT(message("mount"), HasSubstr("it is empty. If a disk is to be there, mount it"));
}

// A small part of the real data set, where the developer has one beside the source.
TEST(Stl10, OpensRealImages) {
  const std::string root =
      std::string(FLOWTRAIN_SOURCE_DIR) + "/../shared/data/stl10_mini/stl10_binary";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << root << " is not there";
  const auto set = OpenStl10(root, {"train", "unlabeled"});
  EXPECT_EQ(set->Description(), "STL-10, train + unlabeled: 1,500 images 96x96");
  EXPECT_EQ(set->evaluation().queries->size(), 300u);
}

}  // namespace
}  // namespace flowtrain
