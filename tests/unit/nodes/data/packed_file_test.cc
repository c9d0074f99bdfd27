#include "nodes/data/packed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <functional>
#include <vector>

#include "nodes/data/packed_set.h"
#include "nodes/data/sample_set.h"
#include "nodes/pack/pack_images.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/xxh64.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

// A packed file to damage.
class PackedFileTest : public ::testing::Test {
 protected:
  PackedFileTest() {
    PackImages(*MakeSampleSet(1, 8, 16), path_, {});
    bytes_ = ReadBytes(path_);
    std::memcpy(&header_, bytes_.data(), sizeof header_);
  }

  PackedEntry* Entry(size_t i) {
    return reinterpret_cast<PackedEntry*>(bytes_.data() + header_.index_offset) + i;
  }
  // Puts the header back, with checksums that are right: what is wrong is then found by its own
  // check.
  void Seal() {
    if (header_.index_offset <= bytes_.size()) {
      header_.tables_checksum = Xxh64(std::span(bytes_).subspan(header_.index_offset));
    }
    const auto* raw = reinterpret_cast<const uint8_t*>(&header_);
    header_.header_checksum = Xxh64({raw, offsetof(PackedHeader, header_checksum)});
    std::memcpy(bytes_.data(), &header_, sizeof header_);
  }
  std::string Message() {
    folder_.Write("set.ftpack", bytes_);
    return MessageOf<DataError>([&] { PackedFile{path_}; });
  }
  std::string MessageWithHeader(const std::function<void(PackedHeader&)>& change) {
    const PackedHeader before = header_;
    change(header_);
    Seal();
    std::string message = Message();
    header_ = before;
    return message;
  }
  std::string MessageWithEntry(const std::function<void(PackedEntry&)>& change) {
    const PackedEntry before = *Entry(3);
    change(*Entry(3));
    Seal();
    std::string message = Message();
    *Entry(3) = before;
    return message;
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "set.ftpack";
  Bytes bytes_;
  PackedHeader header_;
};

TEST_F(PackedFileTest, AWholeFileOpensAndTheSealOfTheTestsIsRight) {
  Seal();
  folder_.Write("set.ftpack", bytes_);
  const PackedFile file(path_);
  EXPECT_EQ(file.entries().size(), 10u);
  EXPECT_EQ(file.header().training, 8u);
  EXPECT_EQ(file.Name(0), "picture 0 (disc)");
  EXPECT_EQ(file.classes().size(), 21u);
}

TEST_F(PackedFileTest, OtherFilesAndOtherVersionsAreRefused) {
  EXPECT_THROW(PackedFile(folder_ / "none"), DataError);
  EXPECT_THROW(PackedFile(folder_.path()), DataError);
  bytes_[9] = 7;
  EXPECT_THAT(Message(), HasSubstr("has version 1794 of the packed format"));
  bytes_[0] = 'X';
  EXPECT_THAT(Message(), HasSubstr("is not a packed data set"));
  bytes_.resize(5);
  EXPECT_THAT(Message(), HasSubstr("is not a packed data set"));
  bytes_.clear();
  EXPECT_THAT(Message(), HasSubstr("is not a packed data set"));
}

TEST_F(PackedFileTest, ACutOffFileIsRefusedAtEveryLength) {
  const Bytes whole = bytes_;
  for (size_t length = 0; length < whole.size(); length += 1 + length / 50) {
    bytes_.assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    folder_.Write("set.ftpack", bytes_);
    EXPECT_THROW(PackedFile{path_}, DataError) << length;
  }
}

TEST_F(PackedFileTest, DamagedHeadersAndTablesAreFoundByTheirChecksums) {
  const Bytes whole = bytes_;
  for (size_t at = 12; at < sizeof header_; ++at) {
    bytes_ = whole;
    bytes_[at] ^= 1;
    EXPECT_THAT(Message(), HasSubstr("header's checksum is wrong")) << at;
  }
  for (size_t at = header_.index_offset; at < whole.size(); at += 7) {
    bytes_ = whole;
    bytes_[at] ^= 1;
    EXPECT_THAT(Message(), HasSubstr("index's checksum is wrong")) << at;
  }
}

TEST_F(PackedFileTest, SizesOfTheHeaderAreCheckedAgainstTheFile) {
  const auto header = [&](auto change) { return MessageWithHeader(change); };
  EXPECT_THAT(header([](auto& h) { h.images = uint64_t{1} << 60; }), HasSubstr("too short"));
  EXPECT_THAT(header([](auto& h) { h.images = ~uint64_t{0} / 48 + 2; }), HasSubstr("too short"));
  EXPECT_THAT(header([](auto& h) { h.index_offset = ~uint64_t{63}; }), HasSubstr("index is not"));
  EXPECT_THAT(header([](auto& h) { h.index_offset = 0; }), HasSubstr("index is not"));
  EXPECT_THAT(header([](auto& h) { h.index_offset += 8; }), HasSubstr("index is not"));
  EXPECT_THAT(header([](auto& h) { h.text_offset += 1; }), HasSubstr("text is not where"));
  EXPECT_THAT(header([](auto& h) { h.training = 0; }), HasSubstr("train on 0"));
  EXPECT_THAT(header([](auto& h) { h.training = h.images + 1; }), HasSubstr("train on 11 of 10"));
  EXPECT_THAT(header([](auto& h) { h.classes = ~0u; }), HasSubstr("classes are cut off"));
  EXPECT_THAT(header([](auto& h) { h.file_bytes -= 1; }), HasSubstr("bytes instead of"));
  EXPECT_THAT(header([](auto& h) { h.header_bytes = 8; }), HasSubstr("header"));
}

TEST_F(PackedFileTest, EntriesOfTheIndexAreCheckedAgainstTheFile) {
  const auto entry = [&](auto change) { return MessageWithEntry(change); };
  const auto outside = HasSubstr("image 3 is not within the file");
  EXPECT_THAT(entry([](auto& e) { e.offset = ~uint64_t{63}; }), outside);
  EXPECT_THAT(entry([](auto& e) { e.offset = 0; }), outside) << "over the header";
  EXPECT_THAT(entry([](auto& e) { e.offset += 1; }), outside) << "not aligned";
  EXPECT_THAT(entry([&](auto& e) { e.offset = header_.index_offset; }), outside);
  EXPECT_THAT(entry([](auto& e) { e.height = 100000, e.width = 1000; }), outside);
  EXPECT_THAT(entry([](auto& e) { e.height = ~0u, e.width = ~0u; }), HasSubstr("said to have"));
  EXPECT_THAT(entry([](auto& e) { e.height = 0; }), HasSubstr("said to have 0 x 16 pixels"));
  EXPECT_THAT(entry([](auto& e) { e.width = 0; }), HasSubstr("said to have"));
  EXPECT_THAT(entry([](auto& e) { e.levels = 0; }), HasSubstr("said to have 0 levels"));
  EXPECT_THAT(entry([](auto& e) { e.levels = 5; }), HasSubstr("said to have 5 levels"));
  EXPECT_THAT(entry([](auto& e) { e.height = 1300, e.levels = 4; }), outside);
  EXPECT_THAT(entry([](auto& e) { e.label = 21; }), HasSubstr("label 21 of 21 classes"));
  EXPECT_THAT(entry([](auto& e) { e.label = -2; }), HasSubstr("label -2"));
  EXPECT_THAT(entry([](auto& e) { e.name_offset = ~uint64_t{0}; }), HasSubstr("name of image 3"));
  EXPECT_THAT(entry([](auto& e) { e.name_offset = 0; }), HasSubstr("name of image 3"));
  EXPECT_THAT(entry([](auto& e) { e.name_bytes = ~0u; }), HasSubstr("name of image 3"));
}

// What a hostile index says of a file with holes is not believed before it is known to fit memory.
TEST_F(PackedFileTest, AHugeIndexIsRefusedBeforeItIsRead) {
  constexpr uint64_t kImages = uint64_t{1} << 36;
  header_.images = kImages;
  header_.training = 1;
  header_.text_offset = header_.index_offset + kImages * sizeof(PackedEntry);
  header_.file_bytes = header_.text_offset + 100;
  Seal();
  folder_.Write("set.ftpack", bytes_);
  std::filesystem::resize_file(path_, header_.file_bytes);
  EXPECT_THAT(MessageOf<DataError>([&] { PackedFile{path_}; }),
              HasSubstr("more than half of this machine's memory"));
}

TEST_F(PackedFileTest, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(MessageOf<DataError>([&] { PackedFile{folder_ / "fifo"}; }),
              HasSubstr("it is not a regular file"));
  EXPECT_FALSE(IsPackedFile(folder_ / "fifo"));
  EXPECT_FALSE(IsPackedFile("/dev/zero"));
}

// The tables were checked once; what is written over them later changes nothing.
TEST_F(PackedFileTest, TheIndexStaysAsItWasChecked) {
  folder_.Write("set.ftpack", bytes_);
  const PackedFile file(path_);
  Bytes other = bytes_;
  std::fill(other.begin() + static_cast<ptrdiff_t>(header_.index_offset), other.end(), 0xFF);
  std::fstream(path_, std::ios::binary | std::ios::in | std::ios::out)
      .write(reinterpret_cast<const char*>(other.data()),
             static_cast<std::streamsize>(other.size()));
  EXPECT_EQ(file.Name(0), "picture 0 (disc)");
  bool damaged = true;
  file.Pixels(3, &damaged);
  EXPECT_FALSE(damaged);
}

TEST_F(PackedFileTest, DamagedPixelsMakeABadImageAndNoOther) {
  bytes_[Entry(3)->offset + 100] ^= 1;
  folder_.Write("set.ftpack", bytes_);
  const auto set = OpenPacked(path_);
  Bytes storage;
  for (uint64_t id = 0; id < 8; ++id) {
    for (int time = 0; time < 2; ++time) {
      const EncodedImage image = set->Fetch(id, storage);
      EXPECT_EQ(image.error.empty(), id != 3);
      EXPECT_THAT(image.error, HasSubstr(id == 3 ? "checksum is wrong" : ""));
    }
  }
}

}  // namespace
}  // namespace flowtrain
