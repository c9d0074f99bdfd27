// Which cores are a rank's, by masks that are made up and by real ones.
#include "nodes/distributed/launch/rank_cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "pipeline/base/cpu_limits.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

// A made-up /proc: the launcher, process 7, and this process, which it has started.
class RankCores : public testing::Test {
 protected:
  RankCores() {
    Mask("7", "1", "0-15");
    Mask("self", "7", "0-15");
    launch_.ranks = 8;
    launch_.local_ranks = 4;
    launch_.ranks_variable = "WORLD_SIZE";
  }
  void Mask(const std::string& process, const std::string& parent, const std::string& cores) {
    root_.Write("proc/" + process + "/status",
                "Name:\tx\nPPid:\t" + parent + "\nCpus_allowed_list:\t" + cores + "\n");
  }
  double Cores() const { return CoresOfRank(launch_, root_.path()); }
  int Threads() const { return ThreadsOfRank(launch_, root_.path()); }

  const TempFolder root_;
  Launch launch_;
};

TEST_F(RankCores, RanksThatAreNotBoundShareTheLaunchersCores) {
  EXPECT_EQ(Cores(), 4);
  launch_.local_ranks = 1;
  EXPECT_EQ(Cores(), 16);
}

TEST_F(RankCores, AMaskThatIsTheShareIsNotDividedAgain) {
  Mask("self", "7", "4-7");
  EXPECT_EQ(Cores(), 4);
  Mask("self", "7", "5");  // mpirun binds each of two ranks to a core
  EXPECT_EQ(Cores(), 1);
  EXPECT_EQ(Threads(), 1);
}

// To a socket of two, as mpirun does from three ranks on.
TEST_F(RankCores, AMaskThatSomeOfThemShareIsNoShare) {
  Mask("self", "7", "0-7");
  EXPECT_EQ(Cores(), 4);
}

TEST_F(RankCores, AShellBetweenThemIsNotTheLauncher) {
  Mask("self", "8", "0-7");
  Mask("8", "7", "0-7");
  root_.Write("proc/8/environ", std::string("PATH=/bin\0WORLD_SIZE=8\0", 23));
  EXPECT_EQ(Cores(), 4);
  root_.Write("proc/8/environ", "NO_WORLD_SIZE=8");
  EXPECT_EQ(Cores(), 2);
}

TEST_F(RankCores, WhereNoAncestorIsKnownTheirOwnMaskIsTheMachines) {
  Mask("self", "0", "0-7");
  EXPECT_EQ(Cores(), 2);
}

TEST_F(RankCores, TheLaunchersWordCounts) {
  launch_.node_cores = 8;  // of the job; the daemon that starts its tasks has all of the machine
  Mask("self", "7", "0-7");
  EXPECT_EQ(Cores(), 2);
  Mask("self", "7", "0-1");
  EXPECT_EQ(Cores(), 2);
}

TEST_F(RankCores, AQuotaIsShared) {
  root_.Write("proc/self/cgroup", "0::/\n");
  root_.Write("sys/fs/cgroup/cpu.max", "600000 100000\n");
  EXPECT_EQ(Cores(), 1.5);
  EXPECT_EQ(Threads(), 1);
  Mask("self", "7", "3");
  EXPECT_EQ(Cores(), 1);
  launch_.local_ranks = 1;
  Mask("self", "7", "0-15");
  EXPECT_EQ(Threads(), 6);
}

// What a process of this machine that may run on so many cores finds, of which this test may use all.
double FoundBy(int cores, const Launch& launch) {
  cpu_set_t mask;
  sched_getaffinity(0, sizeof mask, &mask);
  for (int core = 0, kept = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &mask) && ++kept > cores) CPU_CLR(core, &mask);
  }
  int found[2];
  if (pipe(found) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    sched_setaffinity(0, sizeof mask, &mask);
    const double answer = CoresOfRank(launch);
    _exit(write(found[1], &answer, sizeof answer) == sizeof answer ? 0 : 1);
  }
  waitpid(child, nullptr, 0);
  double answer = -1;
  if (read(found[0], &answer, sizeof answer) != sizeof answer) answer = -1;
  close(found[0]);
  close(found[1]);
  return answer;
}

TEST(RankCoresOfThisMachine, AreThoseOfRealMasks) {
  const CpuLimits limits = ReadCpuLimits();
  if (limits.affinity < 2 || limits.quota > 0) GTEST_SKIP() << "one core, or a quota";
  Launch launch;
  launch.ranks = launch.local_ranks = limits.affinity;
  launch.ranks_variable = "FLOWTRAIN_TEST_RANKS";
  EXPECT_EQ(FoundBy(limits.affinity, launch), 1) << "no binding";
  EXPECT_EQ(FoundBy(1, launch), 1) << "each to its core";
  launch.ranks = launch.local_ranks = 2 * limits.affinity;
  EXPECT_EQ(FoundBy(1, launch), 0.5) << "two to each core";
}

}  // namespace
}  // namespace flowtrain
