#include "nodes/data/dataset_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "nodes/data/folder_set.h"
#include "nodes/data/sample_set.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

DatasetIdentity OfFolder(const TempFolder& folder) {
  return IdentityOf(*OpenFolder(folder.path()));
}

TEST(DatasetIdentity, IsThatOfTheNamesAndNotOfThePlaceOrTheFiles) {
  const TempFolder one, other;
  for (const char* name : {"a/1.jpg", "b/2.jpg"}) {
    one.Write(name, {1});
    other.Write(name, {2, 3});
  }
  const DatasetIdentity before = OfFolder(one);
  EXPECT_EQ(before.images, 2u);
  EXPECT_EQ(OfFolder(other), before);
  std::filesystem::rename(other / "a/1.jpg", other / "a/3.jpg");
  EXPECT_NE(OfFolder(other).names, before.names);
  EXPECT_EQ(OfFolder(other).images, 2u);
  one.Write("a/12.jpg", {1});
  EXPECT_EQ(OfFolder(one).images, 3u);
}

// So many names that they are not in one block.
TEST(DatasetIdentity, SeesEveryNameOfALargeSet) {
  const auto all = MakeSampleSet(1, 200'000, 16), fewer = MakeSampleSet(1, 199'999, 16);
  EXPECT_EQ(IdentityOf(*all), IdentityOf(*all));
  EXPECT_NE(IdentityOf(*all).names, IdentityOf(*fewer).names);
}

TEST(DatasetIdentity, ReadsItsText) {
  const DatasetIdentity identity{5000, 0x0123456789abcdefu};
  EXPECT_EQ(identity.ToText(), "5000 images, names 0123456789abcdef");
  EXPECT_EQ(DatasetIdentity::FromText(identity.ToText()), identity);
  for (const char* text : {"", "5000", "5000 images, names xyz", "5000 images, names 1"}) {
    EXPECT_EQ(DatasetIdentity::FromText(text), std::nullopt) << text;
  }
}

TEST(DatasetIdentity, SaysWhatHasChanged) {
  EXPECT_EQ(DifferenceOf({5, 1}, {5, 1}), "");
  EXPECT_EQ(DifferenceOf({1000, 1}, {1010, 2}), "it had 1,000 images and has 1,010 now");
  EXPECT_EQ(DifferenceOf({5, 1}, {5, 2}),
            "it has 5 images as before, but not all have the names that they had");
}

}  // namespace
}  // namespace flowtrain
