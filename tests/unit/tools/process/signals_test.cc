#include "tools/process/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

// Collects what the user is told, and lets a test wait for it.
class Notices {
 public:
  std::function<void(const std::string&)> writer() {
    return [this](const std::string& text) {
      std::lock_guard<std::mutex> lock(mutex_);
      texts_.push_back(text);
      changed_.notify_all();
    };
  }
  bool WaitFor(size_t n) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return texts_.size() >= n; });
  }
  std::string operator[](size_t i) {
    std::lock_guard<std::mutex> lock(mutex_);
    return texts_[i];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

class StopSignalsTest : public testing::TestWithParam<int> {};

TEST_P(StopSignalsTest, FirstDrainsSecondAborts) {
  Notices notices;
  RunControl run;
  StopSignals signals(notices.writer());
  StopSignals::Watch watch(signals, run);

  kill(getpid(), GetParam());
  ASSERT_TRUE(notices.WaitFor(1));
  EXPECT_TRUE(run.draining());
  EXPECT_FALSE(run.aborted());
  EXPECT_NE(notices[0].find("checkpoint"), std::string::npos);

  kill(getpid(), GetParam());
  ASSERT_TRUE(notices.WaitFor(2));
  EXPECT_TRUE(run.aborted());
  EXPECT_EQ(signals.count(), 2);
}

INSTANTIATE_TEST_SUITE_P(Both, StopSignalsTest, testing::Values(SIGINT, SIGTERM));

// The kernel and the shell may both send it when a terminal is closed.
TEST(StopSignals, AHangUpDrainsHoweverOftenItComes) {
  signal(SIGHUP, SIG_DFL);
  Notices notices;
  RunControl run;
  StopSignals signals(notices.writer());
  StopSignals::Watch watch(signals, run);
  kill(getpid(), SIGHUP);
  ASSERT_TRUE(notices.WaitFor(1));
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGINT);  // taken after it: the one below it in number comes first
  ASSERT_TRUE(notices.WaitFor(2));
  EXPECT_TRUE(run.aborted());
  EXPECT_EQ(signals.count(), 2);
}

TEST(StopSignals, AHangUpThatWasIgnoredIsNotTaken) {
  signal(SIGHUP, SIG_IGN);
  {
    Notices notices;
    RunControl run;
    StopSignals signals(notices.writer());
    StopSignals::Watch watch(signals, run);
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGTERM);
    ASSERT_TRUE(notices.WaitFor(1));
    EXPECT_EQ(signals.count(), 1);
  }
  signal(SIGHUP, SIG_DFL);
}

TEST(StopSignals, ReachesTheProcessFromAThreadStartedLater) {
  Notices notices;
  RunControl run;
  StopSignals signals(notices.writer());
  StopSignals::Watch watch(signals, run);
  std::thread([] { kill(getpid(), SIGINT); }).join();
  ASSERT_TRUE(notices.WaitFor(1));
  EXPECT_TRUE(run.draining());
}

TEST(StopSignals, EndsWithoutASignalAndRestoresTheMask) {
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  {
    StopSignals signals([](const std::string&) {});
    sigset_t during;
    pthread_sigmask(SIG_BLOCK, nullptr, &during);
    EXPECT_TRUE(sigismember(&during, SIGINT));
    EXPECT_TRUE(sigismember(&during, SIGTERM));
    EXPECT_EQ(signals.count(), 0);
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

std::atomic<int> stops{0}, continues{0};

TEST(StopSignalsDeathTest, CtrlZStopsTheProcessUntilItIsContinuedAndCallsTheHooks) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    const StopSignals signals([](const std::string&) {},
                              {nullptr, [] { ++stops; }, [] { ++continues; }});
    kill(getpid(), SIGTSTP);
    for (int i = 0; i < 1000 && continues == 0; ++i) usleep(10'000);
    _exit(stops == 1 && continues > 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), SIGTSTP);
  kill(child, SIGCONT);
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(StopSignals, UsingTheTerminalFromTheBackgroundIsNoReasonToStop) {
  const StopSignals signals([](const std::string&) {});
  for (const int signal : {SIGTTIN, SIGTTOU}) {
    struct sigaction now {};
    sigaction(signal, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_IGN);
  }
}

TEST(StopSignals, WritingToAClosedPipeIsAnErrorNotADeath) {
  StopSignals signals([](const std::string&) {});
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

TEST(StopSignalsDeathTest, ThirdExitsAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Notices notices;
        RunControl run;
        StopSignals signals(notices.writer());
        StopSignals::Watch watch(signals, run);
        kill(getpid(), SIGINT);
        notices.WaitFor(1);
        kill(getpid(), SIGTERM);
        notices.WaitFor(2);
        kill(getpid(), SIGINT);
        notices.WaitFor(3);
        _exit(7);
      },
      testing::ExitedWithCode(130), "");
}

TEST(StopSignalsDeathTest, WithoutARunTheFirstExits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Notices notices;
        RunControl run;
        StopSignals signals(notices.writer());
        { StopSignals::Watch watch(signals, run); }
        kill(getpid(), SIGINT);
        notices.WaitFor(1);
        _exit(7);
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace flowtrain
