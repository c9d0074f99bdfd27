#include "nodes/data/cifar_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "nodes/data/dataset_identity.h"
#include "nodes/data/kind_at.h"
#include "pipeline/base/error.h"
#include "tests/support/cifar_files.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kImages = 3;  // in each file of CIFAR-10

// CIFAR-100 with two images to train on and one to judge on.
void WriteCifar100(const TempFolder& folder) {
  std::vector<uint8_t> train, test;
  AppendCifarRecord({19, 99}, 0, train);
  AppendCifarRecord({3, 0}, 1, train);
  AppendCifarRecord({4, 42}, 2, test);
  folder.Write("train.bin", train);
  folder.Write("test.bin", test);
  std::string names;
  for (int i = 0; i < 100; ++i) names += "class " + std::to_string(i) + "\r\n";
  folder.Write("fine_label_names.txt", names);
  folder.Write("coarse_label_names.txt", "fish\n");
}

std::string MessageFor(const std::string& root, Cifar which = Cifar::k10,
                       const std::vector<std::string>& splits = {"train"}) {
  return MessageOf<ConfigError>([&] { OpenCifar(which, root, splits); });
}

TEST(Cifar, TrainsOnTheFiveFilesInTheirOrder) {
  const TempFolder folder;
  WriteCifar10(folder, "", kImages);
  const auto set = OpenCifar(Cifar::k10, folder.path(), {"train"});
  ASSERT_EQ(set->size(), 5u * kImages);
  EXPECT_EQ(set->Description(), "CIFAR-10, train: 15 images 32x32");
  EXPECT_EQ(set->ImageName(7), "train image 7");
  EXPECT_EQ(set->classes()[1], "automobile");
  std::vector<uint8_t> storage;
  for (int id = 0; id < 15; ++id) {
    const int file = id / kImages + 1, image = id % kImages;
    const EncodedImage fetched = set->Fetch(static_cast<uint64_t>(id), storage);
    ASSERT_EQ(fetched.encoding, Encoding::kRgb);
    ASSERT_EQ(fetched.bytes.size(), 3072u);
    ASSERT_EQ(fetched.height, 32);
    EXPECT_EQ(fetched.label, (image + file) % 10);
    for (const auto& [row, column] : {std::pair{0, 0}, {0, 31}, {31, 0}, {17, 5}}) {
      for (int channel = 0; channel < 3; ++channel) {
        EXPECT_EQ(fetched.bytes[static_cast<size_t>((row * 32 + column) * 3 + channel)],
                  CifarValue(image + file, channel, row, column))
            << "image " << id << ", row " << row << ", column " << column;
      }
    }
  }
}

TEST(Cifar, IsJudgedOnTheTestImagesWithTheTrainingOnesAsNeighbours) {
  const TempFolder folder;
  WriteCifar10(folder, "", kImages);
  for (const std::vector<std::string>& splits :
       {std::vector<std::string>{"train", "unlabeled"}, {"train"}, {"test", "train"}}) {
    const auto set = OpenCifar(Cifar::k10, folder.path(), splits);
    const Evaluation evaluation = set->evaluation();
    ASSERT_TRUE(evaluation.possible());
    EXPECT_EQ(evaluation.bank->size(), 15u);
    EXPECT_EQ(evaluation.queries->size(), 3u);
    EXPECT_EQ(evaluation.queries->Name(), "CIFAR-10 test");
    std::vector<uint8_t> storage;
    EXPECT_EQ(evaluation.queries->Fetch(2, storage).label, 8);
    const bool trained = splits.front() == "test";
    EXPECT_EQ(evaluation.queries->TrainingId(2), trained ? 2 : -1);
    EXPECT_EQ(evaluation.bank->TrainingId(2), trained ? 5 : 2);
  }
}

TEST(Cifar, HundredClassesAreTheFineLabels) {
  const TempFolder folder;
  WriteCifar100(folder);
  const auto set = OpenCifar(Cifar::k100, folder.path(), {"train", "test"});
  ASSERT_EQ(set->size(), 3u);
  std::vector<uint8_t> storage;
  EXPECT_EQ(set->Fetch(0, storage).label, 99);
  EXPECT_EQ(set->Fetch(1, storage).label, 0);
  EXPECT_EQ(set->Fetch(2, storage).label, 42);
  EXPECT_EQ(storage[0], CifarValue(2, 0, 0, 0));
  EXPECT_EQ(storage[1], CifarValue(2, 1, 0, 0));
  EXPECT_EQ(set->classes()[42], "class 42");
  EXPECT_EQ(set->ImageName(2), "test image 0");
}

TEST(Cifar, HasTheSameIdentityWhereverItLies) {
  const TempFolder folder;
  WriteCifar10(folder, "a/", kImages);
  WriteCifar10(folder, "b/", kImages);
  WriteCifar10(folder, "c/", kImages + 1);
  const auto identity = [&](const char* name) {
    return IdentityOf(*OpenCifar(Cifar::k10, folder / name, {"train"}));
  };
  EXPECT_EQ(identity("a"), identity("b"));
  EXPECT_NE(identity("a"), identity("c"));
}

TEST(Cifar, AFileThatIsMissingIsNamedAndNeverSkipped) {
  const TempFolder folder;
  WriteCifar10(folder, "", kImages);
  fs::remove(folder / "data_batch_3.bin");
  EXPECT_THAT(MessageFor(folder.path()),
              AllOf(HasSubstr("holds no data_batch_3.bin"),
                    HasSubstr("Unpack cifar-10-binary.tar.gz there again")));
  const auto set = OpenCifar(Cifar::k10, folder.path(), {"test"});
  EXPECT_EQ(set->size(), 3u);
  EXPECT_THAT(set->evaluation().why_not, HasSubstr("data_batch_3.bin is not there"));
}

TEST(Cifar, SaysWhatLiesThereInstead) {
  const TempFolder folder;
  WriteCifar10(folder, "whole/cifar-10-batches-bin/", kImages);
  fs::create_directory(folder / "whole/cifar-10-batches-bin/more");
  folder.Write("python/data_batch_1", {1});
  folder.Write("python/batches.meta", {1});
  folder.Write("python100/cifar-100-python/train", {1});
  folder.Write("python100/cifar-100-python/meta", {1});
  folder.Write("photos/1.jpg", {1});
  folder.Write("cifar-10-binary.tar.gz", {1});
  fs::create_directory(folder / "empty");
  const std::string inside = folder / "whole/cifar-10-batches-bin";
  EXPECT_THAT(MessageFor(folder / "whole"), HasSubstr("set root to " + inside));
  EXPECT_THAT(MessageFor(inside + "/more"), HasSubstr("set root to " + inside));
  EXPECT_THAT(MessageFor(inside, Cifar::k100), HasSubstr("set kind to cifar10 and root to "));
  for (const auto& [name, which] : {std::pair{"python", Cifar::k10}, {"python100", Cifar::k100}}) {
    EXPECT_THAT(MessageFor(folder / name, which),
                AllOf(HasSubstr("Python version, and the binary version is read: download "),
                      HasSubstr(CifarAddress(which)), HasSubstr(CifarFolder(which))));
  }
  EXPECT_THAT(MessageFor(folder / "photos"), HasSubstr("set kind to folder"));
  EXPECT_THAT(MessageFor(folder / "cifar-10-binary.tar.gz"),
              AllOf(HasSubstr("is a file and not a folder"), HasSubstr("still packed: tar xf ")));
  EXPECT_THAT(MessageFor(folder / "empty"), HasSubstr("it is empty"));
  EXPECT_THAT(MessageFor(folder / "empty", Cifar::k10, {"unlabeled"}),
              HasSubstr("CIFAR-10 has no split 'unlabeled': there are train and test"));
  EXPECT_THAT(MessageFor(folder / "empty", Cifar::k10, {}), HasSubstr("splits is empty"));
}

TEST(Cifar, RefusesBrokenFiles) {
  const TempFolder folder;
  WriteCifar10(folder, "", kImages);
  const auto message = [&] {
    return MessageOf<DataError>([&] { OpenCifar(Cifar::k10, folder.path(), {"train"}); });
  };
  fs::resize_file(folder / "data_batch_2.bin", 2 * 3073 + 5);
  EXPECT_THAT(message(), AllOf(HasSubstr("data_batch_2.bin is damaged or cut off"),
                               HasSubstr("6,151 bytes"), HasSubstr("3,073 of a record")));
  fs::resize_file(folder / "data_batch_2.bin", 0);
  EXPECT_THAT(message(), HasSubstr("it has 0 bytes"));
  std::vector<uint8_t> record;
  AppendCifarRecord({0}, 0, record);
  AppendCifarRecord({10}, 0, record);
  folder.Write("data_batch_2.bin", record);
  EXPECT_THAT(message(), HasSubstr("image 1 has the label 10, and labels are 0 to 9"));
}

TEST(Cifar, IsKnownByItsFiles) {
  const TempFolder folder, hundred;
  WriteCifar10(folder, "ten/", 1);
  WriteCifar100(hundred);
  folder.Write("photos/train.bin", {1});
  EXPECT_EQ(KindAt(folder / "ten"), DatasetKind::kCifar10);
  EXPECT_EQ(KindAt(hundred.path()), DatasetKind::kCifar100);
  EXPECT_EQ(KindAt(folder / "photos"), DatasetKind::kFolder);
  EXPECT_EQ(KindAt(folder / "nothing"), DatasetKind::kFolder);
}

}  // namespace
}  // namespace flowtrain
