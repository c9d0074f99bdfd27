#include "nodes/train/checkpoint/checkpoint_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kMib = 1 << 20;

CheckpointNeed FiveOf100Mib() { return {"runs/x", 100 * kMib, 5, "run.keep_checkpoints"}; }
DiskRoom Roomy() { return {500 * kMib, 1000, 100 * kMib}; }
MemoryRoom Memory(uint64_t bytes) { return {bytes, "", 0}; }

TEST(CheckpointSpace, ThatIsJustEnoughIsNoReasonToWarn) {
  EXPECT_THAT(CheckpointWarnings(FiveOf100Mib(), Roomy(), Memory(100 * kMib)), ElementsAre());
}

TEST(CheckpointSpace, WarnsOfADiskThatHoldsSomeOfThemAndSaysHowMuchIsNeeded) {
  DiskRoom disk = Roomy();
  disk.bytes = 499 * kMib;
  EXPECT_THAT(CheckpointWarnings(FiveOf100Mib(), disk, Memory(100 * kMib)),
              ElementsAre(AllOf(HasSubstr("the disk of runs/x has 499 MiB free"),
                                HasSubstr("may need 500 MiB more, for 5 checkpoints of 100 MiB"),
                                HasSubstr("lower run.keep_checkpoints"))));
}

TEST(CheckpointSpace, WarnsOfADiskThatHoldsNone) {
  DiskRoom disk = Roomy();
  disk.bytes = 99 * kMib;
  EXPECT_THAT(CheckpointWarnings(FiveOf100Mib(), disk, Memory(100 * kMib)),
              ElementsAre(AllOf(HasSubstr("99 MiB free, which is too little for a checkpoint of "
                                          "100 MiB"),
                                HasSubstr("--run-dir"))));
}

TEST(CheckpointSpace, WarnsOfADiskWithoutInodesAndOfAnUlimit) {
  DiskRoom disk = Roomy();
  disk.files = 7;
  disk.file_bytes = 64 * kMib;
  EXPECT_THAT(CheckpointWarnings(FiveOf100Mib(), disk, Memory(100 * kMib)),
              ElementsAre(HasSubstr("room for 7 more files"),
                          AllOf(HasSubstr("no more than 64 MiB"), HasSubstr("ulimit -f"))));
}

TEST(CheckpointSpace, WarnsOfTheMemoryForTheCopyAndNamesTheCgroup) {
  const MemoryRoom memory{50 * kMib, "/sys/fs/cgroup/box", 256 * kMib};
  EXPECT_THAT(CheckpointWarnings(FiveOf100Mib(), Roomy(), memory),
              ElementsAre(AllOf(HasSubstr("copied to 100 MiB"), HasSubstr("50 MiB are available"),
                                HasSubstr("/sys/fs/cgroup/box allows 256 MiB"))));
}

TEST(CheckpointSpace, OfAFolderIsThatOfItsDisk) {
  const TempFolder folder;
  struct statvfs disk {};
  ASSERT_EQ(statvfs(folder.path().c_str(), &disk), 0);
  const DiskRoom room = DiskRoomOf(folder.path());
  EXPECT_GE(room.bytes, uint64_t{disk.f_bavail} * disk.f_frsize / 2);  // others write too
  EXPECT_LE(room.bytes, uint64_t{disk.f_blocks} * disk.f_frsize);
  EXPECT_GT(room.files, 0u);
  EXPECT_GT(DiskRoomOf("/no/such/folder").bytes, uint64_t{1} << 62);
}

TEST(CheckpointSpace, OfAFileIsThatOfUlimit) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{12345, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const DiskRoom room = DiskRoomOf("/");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(room.file_bytes, 12345u);
}

}  // namespace
}  // namespace flowtrain
