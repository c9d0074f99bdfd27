#include "nodes/data/tar_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "nodes/data/dataset_identity.h"
#include "nodes/data/kind_at.h"
#include "nodes/data/tar_index_cache.h"
#include "nodes/data/tar_shards.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/tar_files.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "name:content:label" of each image.
std::vector<std::string> Images(const ImageSet& set) {
  std::vector<std::string> images;
  std::vector<uint8_t> storage;
  for (uint64_t id = 0; id < set.size(); ++id) {
    const EncodedImage image = set.Fetch(id, storage);
    images.push_back(set.ImageName(id) + ':' + std::string(image.bytes.begin(), image.bytes.end()) +
                     image.error + ':' + std::to_string(image.label));
  }
  return images;
}

// As long ago as an index trusts.
void MakeOld(const std::string& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

class TarSetTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& members) const {
    return folder_.Write(name, members + TarEnd());
  }
  std::unique_ptr<ImageSet> Open(const std::string& name = "a.tar",
                                 const std::vector<std::string>& splits = {}) const {
    return OpenTar(folder_ / name, splits);
  }
  template <typename Error>
  std::string Message(const std::string& name = "a.tar") const {
    return MessageOf<Error>([&] { Open(name); });
  }

  const TempFolder folder_;
};

TEST_F(TarSetTest, SamplesAreMembersOfOneNameUpToTheFirstDot) {
  Write("a.tar", TarFile("./x/1.jpg", "one") + TarFile("./x/1.cls", " 10\n") +
                     TarFile("x/2.json", R"({"class": "no", "label": 9})") +
                     TarFile("x/2.seg.png", "mask") + TarFile("x/2.JPG", "two") +
                     TarFile("y.z/3.webp", "three") + TarFile("y.z/3.json", R"({"class":9})") +
                     TarFile("4.txt", "no image") + TarFile(".5.jpg", "hidden") +
                     TarHeader("folder.jpg/", 0, '5'));
  const auto set = Open();
  EXPECT_THAT(Images(*set), ElementsAre("a.tar/x/1.jpg:one:1", "a.tar/x/2.JPG:two:0",
                                        "a.tar/y.z/3.webp:three:0"));
  EXPECT_THAT(set->classes(), ElementsAre("9", "10"));
  EXPECT_TRUE(set->evaluation().leave_one_out);
  EXPECT_EQ(set->Description(), "tar " + (folder_ / "a.tar") + ": 3 images in 2 classes");
  EXPECT_THAT(set->Notes(), ElementsAre(HasSubstr("1 sample without an image"),
                                        HasSubstr("1 image not taken: members that are called")));
}

TEST_F(TarSetTest, ALabelMayComeBeforeOrFarBehindItsImage) {
  Write("a.tar", TarFile("1.cls", "cat") + TarFile("1.jpg", "one") + TarFile("2.jpg", "two") +
                     TarFile("3.jpg", "three") + TarFile("2.cls", "ant"));
  EXPECT_THAT(Images(*Open()),
              ElementsAre("a.tar/1.jpg:one:1", "a.tar/2.jpg:two:0", "a.tar/3.jpg:three:-1"));
  EXPECT_THAT(Open()->Notes(), ElementsAre(HasSubstr("1 image of 3 has no label")));
}

TEST_F(TarSetTest, AMemberThatComesTwiceIsTheLaterOne) {
  Write("a.tar", TarFile("1.jpg", "old") + TarFile("2.jpg", "two") + TarFile("1.jpg", "newer"));
  EXPECT_THAT(Images(*Open()), ElementsAre("a.tar/1.jpg:newer:-1", "a.tar/2.jpg:two:-1"));
}

TEST_F(TarSetTest, ReadsEveryWayToWriteALongName) {
  const std::string folder(140, 'd'), base(90, 'b');
  const std::string name = folder + '/' + base + ".jpg", very_long(300, 'n');
  std::string gnu = TarHeader("1.jpg", 3);
  Write("a.tar",
        TarHeader(base + ".jpg", 5, '0', "", folder) + TarData("ustar") +
            TarFile("././@LongLink", very_long + ".jpg" + std::string(1, '\0'), 'L') +
            TarFile("short.jpg", "gnu") +
            TarFile("pax", PaxRecord("mtime", "1.5") + PaxRecord("path", "ü/" + very_long + ".png"),
                    'x') +
            TarFile("short2.png", "pax") + TarFile("global", PaxRecord("comment", "x"), 'g') +
            TarFile("plain.jpg", "plain"));
  EXPECT_THAT(Images(*Open()),
              ElementsAre("a.tar/" + name + ":ustar:-1", "a.tar/" + very_long + ".jpg:gnu:-1",
                          "a.tar/ü/" + very_long + ".png:pax:-1", "a.tar/plain.jpg:plain:-1"));
}

TEST_F(TarSetTest, ReadsSizesOfPaxAndOfGnu) {
  std::string binary = TarHeader("2.jpg", 0);
  // Base 256 takes the place of the octal digits; the checksum is made again.
  const auto seal = [](std::string block) {
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<uint8_t>(c);
    char octal[16];
    std::snprintf(octal, sizeof octal, "%06o", sum);
    block.replace(148, 8, std::string(octal) + std::string("\0 ", 2));
    return block;
  };
  binary.replace(124, 12, std::string("\x80") + std::string(10, '\0') + '\5');
  Write("a.tar", TarFile("pax", PaxRecord("size", "4"), 'x') + TarHeader("1.jpg", 0) +
                     TarData("four") + seal(binary) + TarData("five!"));
  EXPECT_THAT(Images(*Open()), ElementsAre("a.tar/1.jpg:four:-1", "a.tar/2.jpg:five!:-1"));
}

TEST_F(TarSetTest, LinksAndWhatFollowsAnEndAreNotLostSilently) {
  Write("a.tar", TarFile("1.jpg", "one") + TarHeader("2.jpg", 0, '1', "1.jpg") +
                     TarHeader("3.jpg", 0, '2', "1.jpg") + TarEnd() + TarFile("4.jpg", "four"));
  EXPECT_THAT(Images(*Open()), ElementsAre("a.tar/1.jpg:one:-1", "a.tar/4.jpg:four:-1"));
  EXPECT_THAT(Open()->Notes(),
              ElementsAre(HasSubstr("2 images not taken, as they are links to other members")));
  folder_.Write("b.tar", TarFile("1.jpg", "one"));
  EXPECT_THAT(Open("b.tar")->Notes(), ElementsAre(HasSubstr("1 tar file without an end mark")));
}

TEST_F(TarSetTest, WhatCannotBeReadIsNamedWithWhatToDo) {
  Write("empty.tar", "");
  EXPECT_THAT(Message<ConfigError>("empty.tar"), HasSubstr("hold no images"));
  Write("texts.tar", TarFile("1.txt", "x"));
  EXPECT_THAT(Message<ConfigError>("texts.tar"), HasSubstr("1 sample without an image"));
  folder_.Write("a.tar", std::string("\x1F\x8B\x08", 3) + std::string(600, 'z'));
  EXPECT_THAT(Message<DataError>(), HasSubstr("is compressed with gzip: gunzip it first"));
  folder_.Write("a.tar", std::string(600, 'z'));
  EXPECT_THAT(Message<DataError>(), HasSubstr("a.tar is not a tar file"));
  folder_.Write("a.tar", TarFile("1.jpg", "one") + TarHeader("2.jpg", 0).substr(0, 100));
  EXPECT_THAT(Message<DataError>(), HasSubstr("ends within a header"));
  folder_.Write("a.tar", TarHeader("1.jpg", 600) + std::string(100, 'x'));
  EXPECT_THAT(Message<DataError>(), AllOf(HasSubstr("is cut off: its member 1.jpg would end at "),
                                          HasSubstr("byte 1,112 of 612")));
  std::string damaged = TarFile("1.jpg", "one") + TarFile("2.jpg", "two") + TarEnd();
  damaged[1024 + 5] ^= 1;
  folder_.Write("a.tar", damaged);
  EXPECT_THAT(Message<DataError>(), HasSubstr("no header of a member at byte 1,024"));
  Write("a.tar", TarHeader("1.jpg", 512, 'S') + TarData(std::string(512, 'x')));
  EXPECT_THAT(Message<DataError>(), HasSubstr("has a sparse member, 1.jpg"));
  Write("a.tar", TarFile("pax", PaxRecord("GNU.sparse.major", "1"), 'x') + TarFile("1.jpg", "x"));
  EXPECT_THAT(Message<DataError>(), HasSubstr("without tar's --sparse"));
  Write("a.tar", TarFile("pax", "99 path=x\n", 'x') + TarFile("1.jpg", "x"));
  EXPECT_THAT(Message<DataError>(), HasSubstr("a pax header that cannot be read"));
  folder_.Write("b.tar.gz", "x");
  EXPECT_THAT(Message<ConfigError>("b.tar.gz"), HasSubstr("is compressed, and images are read"));
}

TEST_F(TarSetTest, FindsShardsInAFolderOrByAPattern) {
  Write("s/shard-000009.tar", TarFile("1.jpg", "9"));
  Write("s/shard-000010.tar", TarFile("1.jpg", "10"));
  Write("s/deep/x.tar", TarFile("1.jpg", "deep"));
  folder_.Write("s/notes.txt", "x");
  EXPECT_THAT(Images(*Open("s")),
              ElementsAre("deep/x.tar/1.jpg:deep:-1", "shard-000009.tar/1.jpg:9:-1",
                          "shard-000010.tar/1.jpg:10:-1"));
  EXPECT_THAT(Images(*Open("s/shard-{000010..000009}.tar")),
              ElementsAre("shard-000010.tar/1.jpg:10:-1", "shard-000009.tar/1.jpg:9:-1"));
  EXPECT_THAT(Message<ConfigError>("s/shard-{000009..000012}.tar"),
              AllOf(HasSubstr("2 of the 4 files of the pattern"), HasSubstr("shard-000011.tar")));
  fs::create_directory(folder_ / "none");
  EXPECT_THAT(Message<ConfigError>("none"), HasSubstr("holds no .tar files"));
  folder_.Write("none/1.tar.gz", "x");
  EXPECT_THAT(Message<ConfigError>("none"), HasSubstr("1.tar.gz"));
  EXPECT_EQ(KindAt(folder_ / "s"), DatasetKind::kTar);
  EXPECT_EQ(KindAt(folder_ / "s/{a,b}.tar"), DatasetKind::kTar);
  EXPECT_EQ(KindAt(folder_ / "s/deep/x.tar"), DatasetKind::kTar);
}

TEST(ExpandBraces, DoesAsAShell) {
  EXPECT_THAT(ExpandBraces("a-{08..11}.tar"),
              ElementsAre("a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"));
  EXPECT_THAT(ExpandBraces("{1..3}{x,}"), ElementsAre("1x", "1", "2x", "2", "3x", "3"));
  EXPECT_THAT(ExpandBraces("{8..10}"), ElementsAre("8", "9", "10"));
  EXPECT_THAT(ExpandBraces("a{b}c{..}{1..x}{"), ElementsAre("a{b}c{..}{1..x}{"));
  EXPECT_THROW(ExpandBraces("{0..999}{0..999}{0..9}"), ConfigError);
  EXPECT_THROW(ExpandBraces("{0..18446744073709551615}"), ConfigError);
}

TEST_F(TarSetTest, WordsInTheNamesOfShardsAreSplits) {
  for (const char* split : {"train", "validation"}) {
    for (const char* number : {"0", "1"}) {
      const std::string name = std::string("s/imagenet1k-") + split + "-000" + number + ".tar";
      Write(name, TarFile("1.jpg", split) + TarFile("1.cls", number));
    }
  }
  const auto set = Open("s", {"train", "unlabeled"});
  EXPECT_THAT(Images(*set), ElementsAre("imagenet1k-train-0000.tar/1.jpg:train:0",
                                        "imagenet1k-train-0001.tar/1.jpg:train:1"));
  const Evaluation evaluation = set->evaluation();
  ASSERT_TRUE(evaluation.possible());
  ASSERT_EQ(evaluation.queries->size(), 2u);
  EXPECT_EQ(evaluation.queries->ImageName(1), "imagenet1k-validation-0001.tar/1.jpg");
  EXPECT_EQ(evaluation.queries->TrainingId(1), -1);
  EXPECT_EQ(evaluation.bank->TrainingId(1), 1);
  EXPECT_EQ(Open("s", {"validation"})->size(), 2u);
}

TEST_F(TarSetTest, TheIndexIsKeptAndUsedOnlyForTheSameFile) {
  const std::string path = Write("s/1.tar", TarFile("1.jpg", "old") + TarFile("2.jpg", "x"));
  const TarShards shards{folder_ / "s", {"1.tar"}};
  const std::string kept = folder_ / "s/.flowtrain-tar-index";
  IndexShards(shards);
  const auto empty_size = fs::file_size(kept);
  MakeOld(path);  // a file that was written just now is not trusted
  const auto identity = IdentityOf(*Open("s"));
  EXPECT_GT(fs::file_size(kept), empty_size);
  EXPECT_EQ(IdentityOf(*Open("s")), identity);

  // What is kept is used: a file of the same size and time is not read again.
  const auto time = fs::last_write_time(path);
  Write("s/1.tar", TarFile("3.jpg", "new") + TarFile("2.jpg", "x"));
  fs::last_write_time(path, time);
  EXPECT_EQ(Open("s")->ImageName(0), "1.tar/1.jpg");
  // Another time, or another size, and it is.
  MakeOld(path);
  EXPECT_THAT(Images(*Open("s")), ElementsAre("1.tar/3.jpg:new:-1", "1.tar/2.jpg:x:-1"));
  Write("s/1.tar", TarFile("4.jpg", "newer"));
  fs::last_write_time(path, time);
  EXPECT_THAT(Images(*Open("s")), ElementsAre("1.tar/4.jpg:newer:-1"));
  // A damaged index is none.
  folder_.Write("s/.flowtrain-tar-index", "flowtrain tar index 1\nxxxxxxxxxxxxxxxxxxxx");
  EXPECT_EQ(Open("s")->size(), 1u);
}

TEST_F(TarSetTest, AShardThatIsReplacedDuringARunEndsIt) {
  Write("a.tar", TarFile("1.jpg", "one"));
  const auto set = Open();
  set->CheckFiles();
  Write("a.tar", TarFile("2.jpg", "another") + TarFile("3.jpg", "x"));
  std::vector<uint8_t> storage;
  EXPECT_THAT(MessageOf<DataError>([&] { set->Fetch(0, storage); }),
              HasSubstr("a.tar has changed"));
  EXPECT_THROW(set->CheckFiles(), DataError);
  fs::remove(folder_ / "a.tar");
  EXPECT_THAT(set->Fetch(0, storage).error, HasSubstr("cannot open its tar file"));
}

TEST_F(TarSetTest, ReadsWhatTarWrites) {
  if (std::system("tar --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no tar";
  const std::string name = std::string(94, 'n') + ".jpg";
  folder_.Write("in/1.jpg", "one");
  folder_.Write("in/1.cls", "0");
  folder_.Write("in/" + name, std::string(1000, 'x'));
  for (const char* format : {"gnu", "pax", "ustar"}) {
    const std::string command = "tar -C " + folder_.path() + "/in --sort=name --format=" + format +
                                " -cf " + folder_.path() + "/a.tar .";
    ASSERT_EQ(std::system(command.c_str()), 0) << format;
    EXPECT_THAT(
        Images(*Open()),
        ElementsAre("a.tar/1.jpg:one:-1", "a.tar/" + name + ":" + std::string(1000, 'x') + ":-1"))
        << format;
    EXPECT_THAT(Open()->evaluation().why_not, HasSubstr("are of one class, 0"));
  }
}

}  // namespace
}  // namespace flowtrain
