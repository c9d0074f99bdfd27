#include "pipeline/base/memory_budget.h"

#include <gtest/gtest.h>

#include <string>

#include "pipeline/base/error.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

TEST(ParseMemorySize, ReadsUnitsOfBothKindsAndShares) {
  constexpr uint64_t kAvailable = 1000;
  EXPECT_EQ(ParseMemorySize("4GiB", kAvailable), uint64_t{4} << 30);
  EXPECT_EQ(ParseMemorySize(" 500 MiB ", kAvailable), uint64_t{500} << 20);
  EXPECT_EQ(ParseMemorySize("1.5 gib", kAvailable), uint64_t{3} << 29);
  EXPECT_EQ(ParseMemorySize("2 TB", kAvailable), 2'000'000'000'000u);
  EXPECT_EQ(ParseMemorySize("3 kB", kAvailable), 3000u);
  EXPECT_EQ(ParseMemorySize("3k", kAvailable), 3072u);
  EXPECT_EQ(ParseMemorySize("65536", kAvailable), 65536u);
  EXPECT_EQ(ParseMemorySize("7 B", kAvailable), 7u);
  EXPECT_EQ(ParseMemorySize("25%", kAvailable), 250u);
  EXPECT_EQ(ParseMemorySize("100 %", kAvailable), 1000u);
}

TEST(ParseMemorySize, AsksForTheUnitThatWasForgotten) {
  for (const char* text : {"4", "1.5", "4095"}) {
    EXPECT_THROW(ParseMemorySize(text, 1000), ConfigError) << text;
  }
  EXPECT_EQ(ParseMemorySize("4096", 1000), 4096u);
}

TEST(ParseMemorySize, RefusesWhatIsNoAmount) {
  for (const char* text : {"", "GiB", "4 GiBs", "4 XB", "-1 GiB", "0", "0%", "101%", "inf", "nan",
                           "4 GiB 3", "1e30 GiB", "99999999999999999999 TiB", "5bb", "5%%"}) {
    EXPECT_THROW(ParseMemorySize(text, 1000), ConfigError) << text;
  }
}

TEST(AvailableMemory, IsWhatTheSystemHas) {
  const TempFolder root;
  root.Write("proc/meminfo", "MemTotal:  8000 kB\nMemAvailable:    6000 kB\n");
  EXPECT_EQ(AvailableMemory(root.path()), 6000u * 1024);
}

TEST(AvailableMemory, IsHeldByTheSmallestCgroupOnTheWayUp) {
  const TempFolder root;
  root.Write("proc/meminfo", "MemAvailable: 6000 kB\n");
  root.Write("proc/self/cgroup", "0::/outer/inner\n");
  root.Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  root.Write("sys/fs/cgroup/outer/inner/memory.current", "1000\n");
  root.Write("sys/fs/cgroup/outer/memory.max", "1000000\n");
  root.Write("sys/fs/cgroup/outer/memory.current", "300000\n");
  root.Write("sys/fs/cgroup/outer/memory.stat",
             "anon 200000\ninactive_file 60000\nactive_file 40000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 800000u);
}

TEST(AvailableMemory, ReadsVersionOneOfCgroups) {
  const TempFolder root;
  root.Write("proc/meminfo", "MemAvailable: 6000 kB\n");
  root.Write("proc/self/cgroup", "4:memory:/not/mounted/here\n1:cpu:/\n");
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "500000\n");
  root.Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "600000\n");
  root.Write("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 300000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 200000u);
}

TEST(AvailableMemory, NamesTheCgroupThatHoldsItAndItsLimit) {
  const TempFolder root;
  root.Write("proc/meminfo", "MemAvailable: 6000 kB\n");
  EXPECT_EQ(AvailableMemoryRoom(root.path()).cgroup, "");
  root.Write("proc/self/cgroup", "0::/outer/inner\n");
  root.Write("sys/fs/cgroup/outer/memory.max", "1000000\n");
  root.Write("sys/fs/cgroup/outer/memory.current", "300000\n");
  root.Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  root.Write("sys/fs/cgroup/outer/inner/memory.current", "100000\n");
  const MemoryRoom room = AvailableMemoryRoom(root.path());
  EXPECT_EQ(room.bytes, 700000u);
  EXPECT_EQ(room.cgroup, root / "sys/fs/cgroup/outer");
  EXPECT_EQ(room.limit, 1000000u);
  // Above memory.high the kernel takes memory away as fast as it is used.
  root.Write("sys/fs/cgroup/outer/inner/memory.high", "500000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 400000u);
}

TEST(AvailableMemory, KnowsTheLimitOfAGroupAboveThatIsOutOfSight) {
  const TempFolder root;
  root.Write("proc/meminfo", "MemAvailable: 6000 kB\n");
  root.Write("proc/self/cgroup", "4:memory:/x\n");
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  root.Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000\n");
  root.Write("sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 400000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 300000u);
}

TEST(AvailableMemory, OfThisMachineIsSomething) { EXPECT_GT(AvailableMemory(), 1u << 20); }

}  // namespace
}  // namespace flowtrain
