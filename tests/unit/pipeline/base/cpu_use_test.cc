#include "pipeline/base/cpu_use.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

// A made-up /proc and /sys.
class CpuUseTest : public ::testing::Test {
 protected:
  void SetUp() override { Write("proc/self/status", "Cpus_allowed_list:\t1-2\n"); }

  void Write(const std::string& path, const std::string& text) { root_.Write(path, text); }
  CpuUse Read() const { return ReadCpuUse(root_.path()); }

  const TempFolder root_;
};

// 100 ticks a second, as on every Linux of today.
TEST_F(CpuUseTest, CountsTheCoresOfTheMaskAlone) {
  Write("proc/stat",
        "cpu  9000 0 0 9000 0 0 0 0 0 0\n"
        "cpu0 7000 0 0 0 0 0 0 0 0 0\n"
        "cpu1 100 20 30 500 50 6 4 70 90 90\n"
        "cpu2 200 0 0 300 0 0 0 0 0 0\n"
        "cpu10 800 0 0 0 0 0 0 0 0 0\n"
        "intr 5 4 3\n");
  const CpuUse use = Read();
  EXPECT_EQ(use.busy_ns, (160 + 200) * kSecond / 100);
  EXPECT_EQ(use.idle_ns, (550 + 300) * kSecond / 100);
  EXPECT_EQ(use.stolen_ns, 70 * kSecond / 100);
}

TEST_F(CpuUseTest, OfCoresWithOtherNumbersNothingIsKnown) {
  Write("proc/stat", "cpu  9 0 0 9\ncpu0 9 0 0 9\ncpu1 9 0 0 9\n");
  EXPECT_EQ(Read().busy_ns, 0u);
  EXPECT_FALSE(Read().known());
}

TEST_F(CpuUseTest, WithoutFilesNothingIsKnown) {
  const CpuUse use = CpuUse{}.Since(Read());
  EXPECT_FALSE(use.known());
  EXPECT_EQ(use.others(), 0);
  EXPECT_EQ(use.throttled(), 0);
  EXPECT_FALSE(use.full());
}

TEST_F(CpuUseTest, OthersUseWhatThisProcessDoesNot) {
  // Ten seconds on two cores: 4.6 s of this process, 15 s of others, 0.4 s idle.
  const CpuUse begin{kSecond, 0, 0, 0, 0, 0, 0};
  const CpuUse end{11 * kSecond, 46 * kSecond / 10, 196 * kSecond / 10, 4 * kSecond / 10, 0, 0, 0};
  const CpuUse use = end.Since(begin);
  EXPECT_NEAR(use.others(), 1.5, 1e-9);
  EXPECT_TRUE(use.full());
  EXPECT_EQ(use.stolen(), 0);
}

TEST_F(CpuUseTest, AnIdleMachineIsNotFull) {
  const CpuUse use{10 * kSecond, 5 * kSecond, 8 * kSecond, 11 * kSecond, kSecond, 0, 0};
  EXPECT_NEAR(use.others(), 0.3, 1e-9);
  EXPECT_NEAR(use.stolen(), 0.1, 1e-9);
  EXPECT_FALSE(use.full());
}

// gVisor's /proc/stat, for one, stands still.
TEST_F(CpuUseTest, ACounterThatStandsStillSaysNothing) {
  const CpuUse use{10 * kSecond, 5 * kSecond, 0, 0, 0, 0, 0};
  EXPECT_FALSE(use.known());
  EXPECT_EQ(use.others(), 0);
}

TEST_F(CpuUseTest, ReadsHowOftenTheSmallestQuotaRanOut) {
  Write("proc/self/cgroup", "0::/pod/box\n");
  Write("sys/fs/cgroup/pod/box/cpu.max", "400000 100000\n");
  Write("sys/fs/cgroup/pod/box/cpu.stat", "nr_periods 9\nnr_throttled 9\n");
  Write("sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  Write("sys/fs/cgroup/pod/cpu.stat",
        "usage_usec 5\nnr_periods 200\nnr_throttled 50\nthrottled_usec 7\n");
  EXPECT_DOUBLE_EQ(Read().throttled(), 0.25);
}

TEST_F(CpuUseTest, ReadsThrottlingOfVersionOne) {
  Write("proc/self/cgroup", "4:cpu,cpuacct:/docker/1\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "150000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.stat",
        "nr_periods 10\nnr_throttled 4\nthrottled_time 123456\n");
  EXPECT_DOUBLE_EQ(Read().throttled(), 0.4);
}

TEST(CpuUse, OfThisMachineCountsThisProcess) {
  const CpuUse begin = ReadCpuUse();
  volatile uint64_t work = 0;
  while (ReadCpuUse().Since(begin).own_ns < kSecond / 2) work = work + 1;
  const CpuUse use = ReadCpuUse().Since(begin);
  if (!use.known()) GTEST_SKIP() << "this system does not say how busy its cores are";
  EXPECT_GT(use.busy_ns, use.own_ns / 2);
}

}  // namespace
}  // namespace flowtrain
