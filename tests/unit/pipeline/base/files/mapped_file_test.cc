// Files that change while they are read. Real ones, cut and removed under their mapping.
#include "pipeline/base/files/mapped_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kPage = 4096;

uint64_t Sum(std::span<const uint8_t> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0});
}

TEST(MappedFile, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  const auto message = [](const std::string& path) {
    return MessageOf<DataError>([&] { MappedFile{path}; });
  };
  EXPECT_THAT(message(folder / "fifo"), HasSubstr("fifo: it is not a regular file"));
  EXPECT_THAT(message("/dev/zero"), HasSubstr("it is not a regular file"));
  EXPECT_THAT(message(folder.path()), HasSubstr("it is a folder"));
  EXPECT_THAT(message(folder / "none"), HasSubstr("No such file or directory"));
}

TEST(MappedFile, CutShortItReadsAsZerosAndSaysSo) {
  const TempFolder folder;
  folder.Write("file", Bytes(10 * kPage, 1));
  const MappedFile file(folder / "file");
  EXPECT_EQ(Sum(file.bytes()), 10 * kPage);
  EXPECT_FALSE(ReadsWereLost(file.lost()));
  fs::resize_file(folder / "file", 4 * kPage);
  EXPECT_EQ(Sum(file.bytes().first(4 * kPage)), 4 * kPage);
  EXPECT_FALSE(ReadsWereLost(file.lost())) << "what is there is not lost";
  EXPECT_NO_THROW(file.CheckReads());
  EXPECT_THAT(MessageOf<DataError>([&] { file.CheckFile(); }),
              AllOf(HasSubstr("has 16384 bytes now, and had 40960"), HasSubstr("--resume")));
  EXPECT_EQ(Sum(file.bytes()), 4 * kPage);
  EXPECT_TRUE(ReadsWereLost(file.lost()));
  EXPECT_THAT(MessageOf<DataError>([&] { file.CheckReads(); }), HasSubstr("changed while"));
}

TEST(MappedFile, ACutWithinAPageIsSeenByTheSizeAlone) {
  const TempFolder folder;
  folder.Write("file", Bytes(kPage, 1));
  const MappedFile file(folder / "file");
  fs::resize_file(folder / "file", 100);
  EXPECT_EQ(Sum(file.bytes()), 100u);
  EXPECT_NO_THROW(file.CheckReads());
  EXPECT_THROW(file.CheckFile(), DataError);
}

TEST(MappedFile, RemovedOrReplacedByAnotherItIsReadOn) {
  const TempFolder folder;
  folder.Write("file", Bytes(3 * kPage, 1));
  folder.Write("other", Bytes(kPage, 2));
  const MappedFile file(folder / "file");
  fs::rename(folder / "other", folder / "file");
  EXPECT_EQ(Sum(file.bytes()), 3 * kPage);
  fs::remove(folder / "file");
  EXPECT_EQ(Sum(file.bytes()), 3 * kPage);
  EXPECT_NO_THROW(file.CheckFile());
  EXPECT_NO_THROW(file.CheckReads());
}

TEST(MappedFile, AnotherFileIsNotTakenForLost) {
  const TempFolder folder;
  folder.Write("one", Bytes(2 * kPage, 1));
  folder.Write("two", Bytes(2 * kPage, 1));
  const MappedFile one(folder / "one"), two(folder / "two");
  fs::resize_file(folder / "one", 0);
  EXPECT_EQ(Sum(one.bytes()), 0u);
  EXPECT_EQ(Sum(two.bytes()), 2 * kPage);
  EXPECT_TRUE(ReadsWereLost(one.lost()));
  EXPECT_FALSE(ReadsWereLost(two.lost()));
}

TEST(MappedFile, ManyThreadsMeetTheCutAtOnce) {
  const TempFolder folder;
  folder.Write("file", Bytes(256 * kPage, 1));
  const MappedFile file(folder / "file");
  std::atomic<bool> cut{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      while (!ReadsWereLost(file.lost())) EXPECT_LE(Sum(file.bytes()), 256 * kPage);
      EXPECT_TRUE(cut);
    });
  }
  cut = true;
  fs::resize_file(folder / "file", kPage);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Sum(file.bytes()), kPage);
}

TEST(MappedFile, PlacesInTheTableAreUsedAgain) {
  const TempFolder folder;
  folder.Write("file", Bytes(kPage, 1));
  for (int i = 0; i < 1000; ++i) {
    const MappedFile file(folder / "file");
    EXPECT_FALSE(ReadsWereLost(file.lost()));
  }
}

// A mapping that no guard knows ends the process as it did before.
TEST(MappedFileDeathTest, ABusErrorElsewhereIsNotHidden) {
  const TempFolder folder;
  folder.Write("file", Bytes(2 * kPage, 1));
  const MappedFile guarded(folder / "file");
  void* bare = mmap(nullptr, 2 * kPage, PROT_READ, MAP_SHARED,
                    fileno(fopen((folder / "file").c_str(), "r")), 0);
  ASSERT_NE(bare, MAP_FAILED);
  fs::resize_file(folder / "file", 0);
#ifdef FLOWTRAIN_SANITIZED
  EXPECT_DEATH(*static_cast<volatile uint8_t*>(bare), "BUS");
#else
  EXPECT_EXIT(*static_cast<volatile uint8_t*>(bare), ::testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT(raise(SIGBUS), ::testing::KilledBySignal(SIGBUS), "");
#endif
  munmap(bare, 2 * kPage);
}

}  // namespace
}  // namespace flowtrain
