#include "nodes/data/list_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nodes/data/dataset_identity.h"
#include "nodes/data/kind_at.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Files a.jpg … f.jpg and sub/g.jpg, each with its own name as its content.
class ListSet : public testing::Test {
 protected:
  ListSet() {
    for (const char* name :
         {"a.jpg", "b.jpg", "c.jpg", "d.jpg", "sub/e, f.jpg", "sub/g \"h\".jpg"}) {
      folder_.Write(name, name);
    }
  }

  std::unique_ptr<ImageSet> Open(const std::string& text,
                                 const std::vector<std::string>& splits = {}) const {
    return OpenList(folder_.Write("list.csv", text), splits);
  }
  std::string Message(const std::string& text, const std::vector<std::string>& splits = {}) const {
    return MessageOf<ConfigError>([&] { Open(text, splits); });
  }
  // "name:label" of each image, with the name that its file holds.
  static std::vector<std::string> Images(const ImageSet& set) {
    std::vector<std::string> images;
    std::vector<uint8_t> storage;
    for (uint64_t id = 0; id < set.size(); ++id) {
      const EncodedImage image = set.Fetch(id, storage);
      images.push_back(std::string(image.bytes.begin(), image.bytes.end()) + ':' +
                       std::to_string(image.label));
    }
    return images;
  }

  const TempFolder folder_;
};

TEST_F(ListSet, APathALineInTheOrderOfTheList) {
  const auto set = Open("b.jpg\n\nsub/../a.jpg\r\n" + (folder_ / "c.jpg"));
  EXPECT_THAT(Images(*set), ElementsAre("b.jpg:-1", "a.jpg:-1", "c.jpg:-1"));
  EXPECT_EQ(set->ImageName(1), "sub/../a.jpg");
  EXPECT_THAT(set->classes(), IsEmpty());
  EXPECT_THAT(set->evaluation().why_not, HasSubstr("have no labels"));
  EXPECT_EQ(set->Description(), "list " + (folder_ / "list.csv") + ": 3 images");
  EXPECT_THAT(set->Notes(), IsEmpty());
}

TEST_F(ListSet, NamesAreSortedByBytesAndNumbersByValue) {
  const auto names = Open("a.jpg,dog\nb.jpg, cat\nc.jpg,Zebra\nd.jpg,dog\n");
  EXPECT_THAT(names->classes(), ElementsAre("Zebra", "cat", "dog"));
  EXPECT_THAT(Images(*names), ElementsAre("a.jpg:2", "b.jpg:1", "c.jpg:0", "d.jpg:2"));
  EXPECT_TRUE(names->evaluation().leave_one_out);
  const auto numbers = Open("a.jpg,10\nb.jpg,9\nc.jpg,100\nd.jpg,9\n");
  EXPECT_THAT(numbers->classes(), ElementsAre("9", "10", "100"));
  EXPECT_THAT(Images(*numbers), ElementsAre("a.jpg:1", "b.jpg:0", "c.jpg:2", "d.jpg:0"));
}

TEST_F(ListSet, AFirstLineMayNameTheColumns) {
  const auto set = Open("\xEF\xBB\xBFid,Class,path\n7,x,b.jpg\n8,w,a.jpg\n");
  EXPECT_THAT(Images(*set), ElementsAre("b.jpg:1", "a.jpg:0"));
  EXPECT_THAT(Images(*Open("path\na.jpg\n")), ElementsAre("a.jpg:-1"));
}

TEST_F(ListSet, QuotesAreThoseOfCsv) {
  const auto set = Open("\"sub/e, f.jpg\",\"big, red\"\n\"sub/g \"\"h\"\".jpg\",x\n");
  EXPECT_THAT(Images(*set), ElementsAre("sub/e, f.jpg:0", "sub/g \"h\".jpg:1"));
  EXPECT_THAT(set->classes(), ElementsAre("big, red", "x"));
  // Within a field that does not begin with one, a quote is a character like others.
  EXPECT_THAT(Images(*Open("sub/g \"h\".jpg,x\na.jpg,y\n")),
              ElementsAre("sub/g \"h\".jpg:0", "a.jpg:1"));
}

TEST_F(ListSet, SplitsAreTrainedAndJudgedOn) {
  const std::string text =
      "path,label,split\na.jpg,x,train\nb.jpg,y,train\nc.jpg,y,val\nd.jpg,x,extra\n";
  const auto set = Open(text, {"train", "unlabeled"});
  EXPECT_THAT(Images(*set), ElementsAre("a.jpg:0", "b.jpg:1"));
  const Evaluation evaluation = set->evaluation();
  ASSERT_TRUE(evaluation.possible());
  EXPECT_FALSE(evaluation.leave_one_out);
  std::vector<uint8_t> storage;
  ASSERT_EQ(evaluation.queries->size(), 1u);
  EXPECT_EQ(evaluation.queries->Fetch(0, storage).label, 1);
  EXPECT_EQ(evaluation.queries->ImageName(0), "c.jpg");
  EXPECT_THAT(set->Notes(), ElementsAre(HasSubstr("1 image of extra is neither trained")));
  EXPECT_THAT(Images(*Open(text, {"extra", "val"})), ElementsAre("d.jpg:0", "c.jpg:1"));
  EXPECT_THAT(Message(text, {"vall"}), HasSubstr("did you mean 'val'?"));
  EXPECT_THAT(Message("a.jpg,x\n", {"val"}), HasSubstr("has no splits"));
  EXPECT_THAT(Message("path,split\na.jpg,val\nb.jpg,test\n"), HasSubstr("and no train"));
}

TEST_F(ListSet, FilesThatAreMissingAreNamedAndStayAsBadImages) {
  const auto set = Open("a.jpg\nlost.jpg\nsub\nb.jpg\na.jpg\n");
  EXPECT_EQ(set->size(), 5u);
  EXPECT_THAT(
      set->Notes(),
      ElementsAre(AllOf(HasSubstr("2 files of 5 are missing or cannot be read"),
                        HasSubstr("lost.jpg (line 2: No such file"),
                        HasSubstr("sub (line 3: it is not a regular file)")),
                  HasSubstr("1 line names a file that is listed before, and count again: a.jpg")));
  std::vector<uint8_t> storage;
  EXPECT_THAT(set->Fetch(1, storage).error, HasSubstr("cannot open it: No such file"));
  EXPECT_THAT(set->Fetch(2, storage).error, HasSubstr("not a regular file"));
  EXPECT_EQ(set->Fetch(3, storage).error, "");
}

TEST_F(ListSet, WhatIsWrongIsNamedWithItsLine) {
  const std::string list = folder_ / "list.csv";
  EXPECT_THAT(Message("a.jpg\nb.jpg,x,y\n"), HasSubstr(list + ":2: it has 3 fields"));
  EXPECT_THAT(Message("path,label\n\na.jpg\n"),
              HasSubstr(list + ":3: it has 1 field, and the first line names 2"));
  EXPECT_THAT(Message("a.jpg\n\"b.jpg\nc.jpg\n"), HasSubstr(list + ":2: a quote opens here"));
  EXPECT_THAT(Message("\"a\n.jpg\",x\n,x\n"), HasSubstr(list + ":3: it names no file"));
  EXPECT_THAT(Message(std::string("a\0.jpg\n", 7)), HasSubstr(list + ":1: its path holds a zero"));
  EXPECT_THAT(Message(""), HasSubstr("names no image"));
  EXPECT_THAT(Message("path,label\n"), HasSubstr("names no image"));
  EXPECT_THAT(Message("x/a.jpg\n"),
              AllOf(HasSubstr("none of the 1 file"), HasSubstr(folder_ / "x/a.jpg"),
                    HasSubstr("relative to the list's folder")));
  EXPECT_THAT(Message("a.jpg 3\n"), HasSubstr("put a comma between path and label"));
}

TEST_F(ListSet, WhatIsNoListIsRefused) {
  const auto message = [&](const std::string& name) {
    return MessageOf<ConfigError>([&] { OpenList(folder_ / name, {}); });
  };
  EXPECT_THAT(message("a.jpg"), AllOf(HasSubstr("is not a list of images"),
                                      HasSubstr("name the folder that it is in")));
  EXPECT_THAT(message("sub"),
              AllOf(HasSubstr("is a folder and not a list"), HasSubstr("set kind to folder")));
  EXPECT_THAT(message("nothing.csv"), HasSubstr("there is no file"));
}

TEST_F(ListSet, IsKnownByItsNameAndItsPaths) {
  folder_.Write("list.csv", "a.jpg\nb.jpg\n");
  folder_.Write("other.txt", "b.jpg\na.jpg\n");
  EXPECT_EQ(KindAt(folder_ / "list.csv"), DatasetKind::kList);
  EXPECT_EQ(KindAt(folder_ / "other.txt"), DatasetKind::kList);
  EXPECT_EQ(KindAt(folder_ / "a.jpg"), DatasetKind::kPacked);
  const auto one = IdentityOf(*OpenList(folder_ / "list.csv", {}));
  EXPECT_EQ(one, IdentityOf(*Open("path,label\na.jpg,1\nb.jpg,2\n")));
  EXPECT_NE(one, IdentityOf(*OpenList(folder_ / "other.txt", {})));
}

}  // namespace
}  // namespace flowtrain
