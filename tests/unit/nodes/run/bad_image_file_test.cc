#include "nodes/run/bad_image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {

bool operator==(const BadImageRow& a, const BadImageRow& b) {
  return a.name == b.name && a.reason == b.reason && a.found_by == b.found_by;
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(BadImageFile, IsMadeByTheFirstImageAndHoldsEachAtOnceAndOnce) {
  const TempFolder folder;
  const std::string path = folder / "bad_images.csv";
  BadImageFile file(path);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(file.Add({"a.jpg", "cut short", "kNN"}));
  EXPECT_EQ(ReadText(path), "name,reason,found_by\na.jpg,cut short,kNN\n");
  EXPECT_FALSE(file.Add({"a.jpg", "gone", "training"}));
  EXPECT_TRUE(file.Add({"b.jpg", "gone", "training"}));
  EXPECT_EQ(ReadText(path), "name,reason,found_by\na.jpg,cut short,kNN\nb.jpg,gone,training\n");
  EXPECT_EQ(file.count(), 2u);
}

TEST(BadImageFile, HoldsAnyName) {
  const TempFolder folder;
  BadImageFile file(folder / "bad_images.csv");
  file.Add({"a,b \"c\".jpg", "it's \"bad\", so", "training"});
  file.Add({"line\nbreak\xFF.jpg", "why\r\n", "training"});
  file.Add({"\xC3\xA4.jpg", "", "training"});
  EXPECT_EQ(ReadText(file.path()),
            "name,reason,found_by\n"
            "\"a,b \"\"c\"\".jpg\",\"it's \"\"bad\"\", so\",training\n"
            "line\\x0Abreak\\xFF.jpg,why\\x0D\\x0A,training\n"
            "\xC3\xA4.jpg,,training\n");
  EXPECT_THAT(ReadBadImageFile(file.path()),
              ElementsAre(BadImageRow{"a,b \"c\".jpg", "it's \"bad\", so", "training"},
                          BadImageRow{"line\\x0Abreak\\xFF.jpg", "why\\x0D\\x0A", "training"},
                          BadImageRow{"\xC3\xA4.jpg", "", "training"}));
}

TEST(BadImageFile, GoesOnWithoutARowTwice) {
  const TempFolder folder;
  const std::string path = folder / "bad_images.csv";
  for (int run = 0; run < 2; ++run) {
    BadImageFile file(path);
    EXPECT_EQ(file.Add({"a,1.jpg", "cut short", "training"}), run == 0);
    EXPECT_EQ(file.count(), 1u);
  }
  BadImageFile(path).Add({"b\n.jpg", "gone", "training"});
  EXPECT_FALSE(BadImageFile(path).Add({"b\n.jpg", "gone", "training"}));
  EXPECT_EQ(ReadBadImageFile(path).size(), 2u);
}

// A row that was not written to its end is written again, wherever it was cut.
TEST(BadImageFile, ARowThatACrashHasCutShortIsReplaced) {
  const TempFolder folder;
  const std::string path = folder / "bad_images.csv";
  const std::string whole = "name,reason,found_by\na.jpg,gone,kNN\n\"b,.jpg\",cut,training\n";
  for (size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    WriteText(path, whole.substr(0, bytes));
    BadImageFile file(path);
    file.Add({"a.jpg", "gone", "kNN"});
    file.Add({"b,.jpg", "cut", "training"});
    EXPECT_EQ(ReadText(path), whole) << bytes;
  }
}

TEST(BadImageFile, ThreadsMayAddAtTheSameTime) {
  const TempFolder folder;
  BadImageFile file(folder / "bad_images.csv");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&file] {
      for (int i = 0; i < 100; ++i) file.Add({std::to_string(i), "why", "training"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(file.count(), 100u);
  EXPECT_EQ(ReadBadImageFile(file.path()).size(), 100u);
}

TEST(BadImageFile, ADiskThatFailsIsAnError) {
  const TempFolder folder;
  BadImageFile nowhere(folder / "no/bad_images.csv");
  EXPECT_THAT(MessageOf<std::runtime_error>([&] {
                nowhere.Add({"a.jpg", "gone", "kNN"});
              }),
              HasSubstr("cannot write " + (folder / "no/bad_images.csv")));
  EXPECT_THAT(MessageOf<std::runtime_error>([&] { BadImageFile file(folder.path()); }),
              StartsWith("cannot read " + folder.path() + ": it is a folder"));
}

}  // namespace
}  // namespace flowtrain
