#include "nodes/data/folder_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Paths = std::vector<std::string>;

// The listing of a folder with these images, and with these folders besides theirs.
FolderListing Listing(Paths images, const Paths& folders = {}) {
  FolderListing listing;
  std::sort(images.begin(), images.end());
  std::set<std::string> all(folders.begin(), folders.end());
  for (const std::string& image : images) {
    for (size_t slash = image.find('/'), depth = 0; slash != std::string::npos && depth < 2;
         slash = image.find('/', slash + 1), ++depth) {
      all.insert(image.substr(0, slash));
    }
  }
  listing.images = std::move(images);
  listing.folders.assign(all.begin(), all.end());
  return listing;
}

FolderLayout Lay(const Paths& images, const Paths& splits = {}, const Paths& folders = {}) {
  return LayOut("/set", Listing(images, folders), splits, {});
}

std::string Refused(const Paths& images, const Paths& splits = {}) {
  return MessageOf<ConfigError>([&] { Lay(images, splits); });
}

TEST(FolderLayout, NumbersClassesByTheirNames) {
  const FolderLayout layout = Lay({"b/1.jpg", "a b/2.jpg", "a/3.jpg", "a-c/4.jpg", "B/5.jpg"});
  EXPECT_THAT(layout.classes, ElementsAre("B", "a", "a b", "a-c", "b"));
  EXPECT_THAT(layout.training.files,
              ElementsAre("B/5.jpg", "a b/2.jpg", "a-c/4.jpg", "a/3.jpg", "b/1.jpg"));
  EXPECT_THAT(layout.training.labels, ElementsAre(0, 2, 3, 1, 4));
}

TEST(FolderLayout, TellsOfFewerThanTwoClasses) {
  const FolderLayout flat = Lay({"1.jpg", "2.jpg"});
  EXPECT_THAT(flat.why_not, HasSubstr("are not sorted into class folders"));
  EXPECT_THAT(flat.notes, IsEmpty());
  const FolderLayout one = Lay({"all/cat/1.jpg", "all/dog/2.jpg"});
  EXPECT_THAT(one.classes, IsEmpty());
  EXPECT_THAT(one.why_not, HasSubstr("are in one class folder, all"));
  EXPECT_THAT(one.notes,
              ElementsAre(HasSubstr(
                  "if its folders (cat, dog) are the classes or splits, set root to /set/all")));
}

TEST(FolderLayout, StrayImagesAreTheOnesWithoutALabel) {
  const FolderLayout layout = Lay({"a/1.jpg", "a/2.jpg", "b/3.jpg", "b0.jpg", "0.jpg"});
  EXPECT_THAT(layout.training.labels, ElementsAre(-1, 0, 0, 1, -1));
  EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("2 images lie beside the class folders")));
  const FolderLayout mostly = Lay({"a/1.jpg", "b/2.jpg", "3.jpg", "4.jpg", "5.jpg"});
  EXPECT_THAT(mostly.classes, IsEmpty());
  EXPECT_THAT(mostly.notes, ElementsAre(HasSubstr("in no class folder (3 of 5)")));
}

TEST(FolderLayout, TellsOfEmptyFoldersAndOfNamesThatDifferInCase) {
  const FolderLayout layout = Lay({"Cat/1.jpg", "cat/2.jpg"}, {}, {"dog", "cat/x"});
  EXPECT_THAT(layout.classes, ElementsAre("Cat", "cat"));
  EXPECT_THAT(layout.notes,
              ElementsAre(HasSubstr("a folder holds no images, and is not a class: dog"),
                          HasSubstr("class folders Cat and cat differ in upper")));
}

TEST(FolderLayout, TakesTrainAndAnotherForSplits) {
  for (const char* judged : {"val", "valid", "validation", "test", "Val", "TEST"}) {
    const std::string other = judged;
    const FolderLayout layout =
        Lay({"train/a/1.jpg", "train/b/2.jpg", other + "/a/3.jpg", other + "/b/4.jpg"});
    EXPECT_THAT(layout.splits, ElementsAre("train"));
    EXPECT_EQ(layout.judged_on, judged);
    EXPECT_THAT(layout.classes, ElementsAre("a", "b"));
    EXPECT_THAT(layout.training.labels, ElementsAre(0, 1));
    EXPECT_THAT(layout.judged.files, ElementsAre(other + "/a/3.jpg", other + "/b/4.jpg"));
    EXPECT_THAT(layout.judged.labels, ElementsAre(0, 1));
    EXPECT_THAT(layout.notes, IsEmpty());
  }
}

TEST(FolderLayout, JudgesOnValRatherThanTestAndTellsOfTheRest) {
  const FolderLayout layout =
      Lay({"train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "test/4.jpg", "extra/5.jpg", "6.jpg"});
  EXPECT_EQ(layout.judged_on, "val");
  EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("3 images of extra, test are neither trained")));
}

TEST(FolderLayout, ASplitWithOtherClassesOrNoneIsNotJudgedOn) {
  const FolderLayout other = Lay({"train/a/1.jpg", "train/b/2.jpg", "val/c/3.jpg", "test/b/4.jpg"});
  EXPECT_EQ(other.judged_on, "test");
  EXPECT_THAT(other.judged.labels, ElementsAre(1));
  EXPECT_THAT(other.notes, ElementsAre(HasSubstr("val is not judged on: its folder c is none")));
  const FolderLayout flat = Lay({"train/a/1.jpg", "train/b/2.jpg", "test/3.jpg"});
  EXPECT_EQ(flat.judged_on, "");
  EXPECT_THAT(flat.notes, ElementsAre(HasSubstr("test is not judged on: its images are not")));
}

TEST(FolderLayout, TrainsOnUnlabeledImagesToo) {
  const FolderLayout layout = Lay(
      {"train/a/1.jpg", "train/b/2.jpg", "unlabeled/3.jpg", "unlabeled/x/4.jpg", "test/a/5.jpg"},
      {"train", "unlabeled"});
  EXPECT_THAT(layout.splits, ElementsAre("train", "unlabeled"));
  EXPECT_THAT(layout.training.labels, ElementsAre(0, 1, -1, -1));
  EXPECT_EQ(layout.judged_on, "test");
}

TEST(FolderLayout, UnlabeledIsASplitWithoutTrainToo) {
  const FolderLayout judged =
      Lay({"unlabeled/x/1.jpg", "unlabeled/y/2.jpg", "test/a/3.jpg"}, DefaultSplits());
  EXPECT_THAT(judged.splits, ElementsAre("unlabeled"));
  EXPECT_THAT(judged.training.files, ElementsAre("unlabeled/x/1.jpg", "unlabeled/y/2.jpg"));
  EXPECT_THAT(judged.classes, IsEmpty());
  EXPECT_THAT(judged.notes, ElementsAre(HasSubstr("1 image of test is neither trained")));
  const FolderLayout alone = Lay({"unlabeled/x/1.jpg", "unlabeled/y/2.jpg"});
  EXPECT_THAT(alone.splits, ElementsAre("unlabeled"));
  EXPECT_THAT(alone.classes, IsEmpty());
}

TEST(FolderLayout, UnlabeledIsNoClassBesideOthers) {
  const FolderLayout layout = Lay({"cat/1.jpg", "dog/2.jpg", "unlabeled/3.jpg", "zebra/4.jpg"});
  EXPECT_THAT(layout.splits, IsEmpty());
  EXPECT_THAT(layout.classes, ElementsAre("cat", "dog", "zebra"));
  EXPECT_THAT(layout.training.files,
              ElementsAre("cat/1.jpg", "dog/2.jpg", "zebra/4.jpg", "unlabeled/3.jpg"));
  EXPECT_THAT(layout.training.labels, ElementsAre(0, 1, 2, -1));
  EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("1 image of unlabeled is trained on without")));
}

TEST(FolderLayout, TellsOfSplitsThatAreTakenForWhatLiesInAClass) {
  const FolderLayout layout = Lay({"v1/train/a/1.jpg", "v1/val/a/2.jpg", "v2/train/a/3.jpg"});
  EXPECT_THAT(layout.classes, ElementsAre("v1", "v2"));
  EXPECT_THAT(layout.notes,
              ElementsAre(HasSubstr("the class folder v1 holds folders that are named as splits "
                                    "(train, val): if they are splits, set root to /set/v1")));
  EXPECT_THAT(Lay({"bus/1.jpg", "train/train/2.jpg"}).notes, IsEmpty());
}

TEST(FolderLayout, TrainsOnTheSplitsThatAreNamed) {
  const Paths images = {"train/a/1.jpg", "train/b/2.jpg", "val/a/3.jpg", "val/b/4.jpg",
                        "test/b/5.jpg"};
  const FolderLayout both = Lay(images, {"val", "train/"});
  EXPECT_THAT(both.training.files,
              ElementsAre("val/a/3.jpg", "val/b/4.jpg", "train/a/1.jpg", "train/b/2.jpg"));
  EXPECT_THAT(both.training.labels, ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(both.judged_on, "test");
  const FolderLayout part = Lay({"a/1.jpg", "b/2.jpg"}, {"b"});
  EXPECT_THAT(part.training.files, ElementsAre("b/2.jpg"));
}

TEST(FolderLayout, RefusesSplitsThatAreNotThere) {
  const Paths images = {"train/a/1.jpg", "val/a/2.jpg"};
  EXPECT_THAT(Refused(images, {"tran"}),
              AllOf(HasSubstr("splits names 'tran'"), HasSubstr("did you mean 'train'?")));
  EXPECT_THAT(Refused(images, {"train", "test"}), HasSubstr("folders with images: train, val"));
  EXPECT_THAT(Refused(images, {"train", "train/a"}), HasSubstr("images of 'train' twice"));
  EXPECT_THAT(Refused(images, {"../train"}), HasSubstr("has no such folder"));
  EXPECT_THAT(Refused({"1.jpg"}, {"train"}), HasSubstr("its images are in no folders"));
  EXPECT_THAT(Refused({"val/a/1.jpg", "test/a/2.jpg"}),
              HasSubstr("holds the splits test, val and no train"));
}

TEST(FolderLayout, AClassMayBeCalledTrain) {
  const FolderLayout layout = Lay({"bus/1.jpg", "train/2.jpg", "train/3.jpg"}, DefaultSplits());
  EXPECT_THAT(layout.splits, IsEmpty());
  EXPECT_THAT(layout.classes, ElementsAre("bus", "train"));
  EXPECT_THAT(layout.training.labels, ElementsAre(0, 1, 1));
}

TEST(FolderLayout, TrainAloneIsASplit) {
  const FolderLayout layout = Lay({"train/a/1.jpg", "train/b/2.jpg"}, {}, {"val"});
  EXPECT_THAT(layout.splits, ElementsAre("train"));
  EXPECT_THAT(layout.training.labels, ElementsAre(0, 1));
  EXPECT_EQ(layout.judged_on, "");
  EXPECT_THAT(layout.notes, ElementsAre(HasSubstr("the split val holds no images")));
}

}  // namespace
}  // namespace flowtrain
