#include "pipeline/base/cpu_limits.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

// A made-up /proc and /sys.
class CpuLimitsTest : public ::testing::Test {
 protected:
  CpuLimitsTest() {
    Write("proc/self/status", "Name:\tx\nCpus_allowed:\tffff\nCpus_allowed_list:\t0-7,16-23\n");
  }

  void Write(const std::string& path, const std::string& text) { root_.Write(path, text); }
  CpuLimits Read() const { return ReadCpuLimits(root_.path()); }

  const TempFolder root_;
};

TEST_F(CpuLimitsTest, WithoutAQuotaTheMaskHolds) {
  EXPECT_EQ(Read().affinity, 16);
  EXPECT_EQ(Read().quota, 0);
  EXPECT_EQ(Read().usable, 16);
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(Read().quota, 0);
  EXPECT_EQ(Read().usable, 16);
}

TEST_F(CpuLimitsTest, ReadsSingleCoresOfTheMask) {
  Write("proc/self/status", "Cpus_allowed_list:\t3\n");
  EXPECT_EQ(Read().affinity, 1);
  Write("proc/self/status", "Cpus_allowed_list:\t0,2,4-5\n");
  EXPECT_EQ(Read().affinity, 4);
}

TEST_F(CpuLimitsTest, VersionTwoIsRoundedUp) {
  Write("proc/self/cgroup", "0::/pod/box\n");
  Write("sys/fs/cgroup/pod/box/cpu.max", "250000 100000\n");
  EXPECT_DOUBLE_EQ(Read().quota, 2.5);
  EXPECT_EQ(Read().usable, 3);
  Write("sys/fs/cgroup/pod/box/cpu.max", "5000 100000\n");
  EXPECT_EQ(Read().usable, 1);
}

TEST_F(CpuLimitsTest, AGroupAboveHoldsToo) {
  Write("proc/self/cgroup", "0::/pod/box\n");
  Write("sys/fs/cgroup/pod/box/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/pod/cpu.max", "400000 100000\n");
  EXPECT_EQ(Read().usable, 4);
  Write("sys/fs/cgroup/pod/box/cpu.max", "800000 100000\n");
  EXPECT_EQ(Read().usable, 4);
}

TEST_F(CpuLimitsTest, AHostPathThatIsNotThereLeadsToTheMount) {
  Write("proc/self/cgroup", "0::/kubepods/slice/0123\n");
  Write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(Read().usable, 2);
}

TEST_F(CpuLimitsTest, VersionOneUnderEitherName) {
  Write("proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/\n0::/\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "150000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(Read().usable, 3);
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Read().usable, 2);
}

TEST_F(CpuLimitsTest, VersionOneWithoutAQuota) {
  Write("proc/self/cgroup", "4:cpu,cpuacct:/\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Read().quota, 0);
  EXPECT_EQ(Read().usable, 16);
}

TEST_F(CpuLimitsTest, AQuotaAboveTheMaskChangesNothing) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "6400000 100000\n");
  EXPECT_DOUBLE_EQ(Read().quota, 64);
  EXPECT_EQ(Read().usable, 16);
}

TEST_F(CpuLimitsTest, TakesNonsenseForNoLimit) {
  Write("proc/self/cgroup", "nonsense\n0:\n0::/\n\n");
  Write("sys/fs/cgroup/cpu.max", "x y\n");
  EXPECT_EQ(Read().usable, 16);
  Write("sys/fs/cgroup/cpu.max", "");
  EXPECT_EQ(Read().usable, 16);
}

TEST_F(CpuLimitsTest, WithoutAnythingThereIsACore) {
  std::filesystem::remove_all(root_.path());
  EXPECT_GE(Read().usable, 1);
}

TEST(CpuLimits, OfThisProcessAreAtLeastOneCore) {
  const CpuLimits limits = ReadCpuLimits();
  EXPECT_GE(limits.affinity, 1);
  EXPECT_GE(limits.usable, 1);
  EXPECT_LE(limits.usable, limits.affinity);
}

}  // namespace
}  // namespace flowtrain
