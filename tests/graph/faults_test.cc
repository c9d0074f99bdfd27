// What the world does to a training: full disks, limits, signals, terminals that go away.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

// Far above what any of these takes, and below what a test runner waits.
constexpr int kPatience = 120;

// Steps of a few hundredths of a second, without an evaluation.
std::vector<std::string> TinyRun(const std::string& run_dir,
                                 const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {"sample.images=8", "evaluate.knn=false",
                                   "evaluate.batch_size=8"};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run_dir, sets);
}

const std::vector<std::string> kEndless = {"train.epochs=100000", "run.log_every=0"};

std::vector<std::string> Endless(const std::string& run_dir, std::vector<std::string> extra) {
  extra.insert(extra.begin(), kEndless.begin(), kEndless.end());
  return TinyRun(run_dir, extra);
}

std::vector<std::string> Checkpoints(const std::string& run_dir) {
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(run_dir + "/checkpoints", none)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  return files;
}

// Checked to its last byte by the program itself.
bool IsWhole(const std::string& checkpoint) { return RunProgram({"digest", checkpoint}).code == 0; }

void ExpectWhole(const std::string& run_dir) {
  for (const std::string& file : Checkpoints(run_dir)) EXPECT_TRUE(IsWhole(file)) << file;
}

// Weights of 30 MB and more: whoever looks each millisecond sees them being written.
const char* const kSlowToSave = "model.width_multiplier=0.5";

// Whether a checkpoint is being written now.
bool IsSaving(const std::string& run_dir) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(run_dir + "/checkpoints", none)) {
    if (entry.path().filename().string().find(".part-") != std::string::npos) return true;
  }
  return false;
}

// Waits until `there`; false when the program ended, or did not get there in time.
bool Await(Program& program, const std::function<bool()>& there) {
  for (int i = 0; i < 1000 * kPatience; ++i) {
    if (there()) return true;
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(program.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) return there();
    usleep(1000);
  }
  return false;
}

bool AwaitSteps(Program& program, const std::string& run_dir, size_t steps) {
  return Await(program, [&] {
    const std::string metrics = ReadText(run_dir + "/metrics.jsonl");
    return static_cast<size_t>(std::count(metrics.begin(), metrics.end(), '\n')) >= steps;
  });
}

// Waits until signals go to a run: it then answers SIGUSR1.
bool AwaitRun(Program& program) {
  if (!program.WaitFor("Run directory")) return false;
  return Await(program, [&] {
    program.Signal(SIGUSR1);
    usleep(5000);
    return program.output().find("no timing yet") != std::string::npos;
  });
}

void Limit(int resource, rlim_t most) {
  const rlimit limit{most, most};
  setrlimit(resource, &limit);
}

// A disk of its own of so many bytes, in a mount namespace of this process; nothing stays behind.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size) {
    there_ = unshare(CLONE_NEWNS) == 0 &&
             mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (there_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool there() const { return there_; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  const std::string& path() const { return folder_.path(); }
  bool MakeReadOnly() const {
    return mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  // Takes every byte that is left.
  void Fill() const {
    std::ofstream filler(folder_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }

 private:
  TempFolder folder_;
  bool there_ = false;
};

TEST(Faults, ADiskThatFillsInACheckpointLeavesTheOneBeforeAndCanBeResumed) {
  const SmallDisk disk("2500k");
  if (!disk.there()) GTEST_SKIP() << "cannot mount";
  const std::string run = disk / "run";
  const Result result = RunProgram(TinyRun(run, {"train.epochs=5"}));
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("No space left on device"));
  EXPECT_THAT(result.output, HasSubstr("free space there"));
  ASSERT_EQ(Checkpoints(run).size(), 1u) << result.output;
  ExpectWhole(run);
  EXPECT_FALSE(IsSaving(run)) << "half a checkpoint stays";

  const TempFolder folder;
  std::vector<std::string> resume =
      TinyRun(folder / "run", {"train.epochs=5", "train.max_steps=2"});
  resume.insert(resume.end(), {"--resume", run});
  const Result resumed = RunProgram(resume);
  EXPECT_EQ(resumed.code, 0) << resumed.output;
}

TEST(Faults, ADiskThatFillsInTheMetricsIsToldWithTheirName) {
  const SmallDisk disk("1m");
  if (!disk.there()) GTEST_SKIP() << "cannot mount";
  const std::string run = disk / "run";
  Program program(Endless(run, {"run.checkpoint_every_epochs=0", "run.tensorboard=false"}));
  ASSERT_TRUE(AwaitSteps(program, run, 2)) << program.output();
  disk.Fill();
  EXPECT_EQ(program.WaitAtMost(kPatience), 1) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("cannot write " + run + "/metrics.jsonl: No space left"));
}

TEST(Faults, AFileThatMayNotGrowIsAWriteError) {
  const TempFolder folder;
  Program program(TinyRun(folder / "run"), [] { Limit(RLIMIT_FSIZE, 1 << 20); });
  EXPECT_EQ(program.WaitAtMost(kPatience), 1) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("the checkpoint could not be written"));
  EXPECT_THAT(program.output(), HasSubstr("File too large"));
  EXPECT_TRUE(Checkpoints(folder / "run").empty());
}

TEST(Faults, AFolderThatCannotBeWrittenIsNamedBeforeAnythingIsTrained) {
  const SmallDisk disk("1m");
  if (!disk.there()) GTEST_SKIP() << "cannot mount";
  std::filesystem::create_directory(disk / "there");
  ASSERT_TRUE(disk.MakeReadOnly());
  for (const std::string name : {"there", "new"}) {
    const Result result = RunProgram(TinyRun(disk / name));
    EXPECT_EQ(result.code, 1) << result.output;
    EXPECT_THAT(result.output, HasSubstr(disk / name));
    EXPECT_THAT(result.output, HasSubstr("Read-only file system"));
    EXPECT_THAT(result.output, Not(HasSubstr("step 1")));
  }
}

// What starts a program as another user, who may read all files, and more by `capabilities`.
std::vector<std::string> AsAnother(const std::string& capabilities) {
  return {"setpriv", "--reuid=54321", "--clear-groups", "--inh-caps=" + capabilities,
          "--ambient-caps=" + capabilities};
}

bool HasSetpriv() { return std::system("setpriv --version > /dev/null 2>&1") == 0; }

TEST(Faults, AFolderThatBecomesReadOnlyEndsTheRunWithItsName) {
  const bool root = geteuid() == 0;  // root writes everywhere
  if (root && !HasSetpriv()) GTEST_SKIP() << "no setpriv";
  const TempFolder folder;
  if (root) {
    ASSERT_EQ(chown(folder.path().c_str(), 54321, 54321), 0);
  }
  const std::string run = folder / "run";
  Program program(Endless(run, {}), {},
                  root ? AsAnother("+dac_read_search") : std::vector<std::string>{});
  if (!Await(program, [&] { return !Checkpoints(run).empty(); })) {
    GTEST_SKIP() << "setpriv cannot: " << program.output();
  }
  ASSERT_EQ(chmod((run + "/checkpoints").c_str(), 0555), 0);
  EXPECT_EQ(program.WaitAtMost(kPatience), 1) << program.output();
  EXPECT_THAT(program.output(), HasSubstr(run + "/checkpoints"));
  EXPECT_THAT(program.output(), HasSubstr("Permission denied"));
  EXPECT_FALSE(Checkpoints(run).empty());
  ExpectWhole(run);
}

TEST(Faults, AThreadThatCannotBeMadeIsAnError) {
  if (geteuid() != 0) GTEST_SKIP() << "takes another user";
  if (!HasSetpriv()) GTEST_SKIP() << "no setpriv";
  const TempFolder folder;
  // Another user's threads are limited, even those of one who may write all files.
  const std::vector<std::string> user = AsAnother("+dac_override,+dac_read_search");
  for (const rlim_t threads : {1, 2, 3, 5, 8}) {
    Program program(
        TinyRun(folder / std::to_string(threads)),
        [&] {
          Limit(RLIMIT_NPROC, threads);
          Limit(RLIMIT_CORE, 0);
        },
        user);
    const int code = program.WaitAtMost(kPatience);
    if (code == 127) GTEST_SKIP() << "setpriv cannot: " << program.output();
    EXPECT_EQ(code, 1) << "with " << threads << ": " << program.output();
    EXPECT_THAT(program.output(), HasSubstr("ulimit -u")) << "with " << threads;
  }
}

// The value of a line of /proc/PID/status.
std::string Status(const Program& program, const std::string& key) {
  std::istringstream lines(ReadText("/proc/" + std::to_string(program.pid()) + "/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key + ':', 0) == 0) return line.substr(key.size() + 1);
  }
  return "0";
}

// Waits until the program has come to its main and takes signals; a run opens long after.
bool AwaitMain(Program& program) {
  return Await(program, [&] {
    return (std::stoull(Status(program, "SigBlk"), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
  });
}

// Runs with so many megabytes of addresses more than the program has at its start, until one of them suffices.
void RunShortOfMemory(size_t first, size_t step) {
#ifdef FLOWTRAIN_SANITIZED
  GTEST_SKIP() << "a sanitizer takes terabytes of addresses";
#endif
  const TempFolder folder;
  Program start(TinyRun(folder / "run"));
  ASSERT_TRUE(AwaitMain(start)) << start.output();
  const size_t least = std::stoull(Status(start, "VmSize")) << 10;
  start.Signal(SIGKILL);
  int failed = 0;
  for (size_t more = first; more <= 1500; more += step) {
    Program program(TinyRun(folder / std::to_string(more)), [&] {
      Limit(RLIMIT_AS, least + (more << 20));
      Limit(RLIMIT_CORE, 0);
    });
    const int code = program.WaitAtMost(kPatience);
    EXPECT_THAT(code, AnyOf(0, 1)) << "with " << more << " MB more: " << program.output();
    if (code == 0) break;
    ++failed;
    EXPECT_THAT(program.output(), AnyOf(HasSubstr("out of memory"), HasSubstr("threads")))
        << "with " << more << " MB more";
    EXPECT_THAT(program.output(), Not(HasSubstr("frame #")));
  }
  EXPECT_GT(failed, 0);
}

TEST(Faults, ShortMemoryIsAnErrorThatSaysSo) { RunShortOfMemory(20, 250); }

TEST(Faults, LongWalkThroughShortMemory) { RunShortOfMemory(55, 35); }

void Send(Program& program, const std::vector<int>& signals) {
  for (const int number : signals) {
    program.Signal(number);
    usleep(30'000);  // two that wait together are one
  }
}

const std::vector<std::vector<int>> kWhileItRuns = {{SIGINT},
                                                    {SIGPIPE, SIGPIPE, SIGPIPE, SIGINT},
                                                    {SIGTERM, SIGINT},
                                                    {SIGINT, SIGTERM, SIGINT},
                                                    {SIGHUP, SIGHUP, SIGHUP}};

// Whether the signals ask for no more than an end in good order: SIGPIPE is nothing, and SIGHUP is
// no second signal.
bool Drains(const std::vector<int>& signals) {
  return signals.front() == SIGHUP ||
         std::count(signals.begin(), signals.end(), SIGPIPE) + 1 == std::ssize(signals);
}

void ExpectEnded(Program& program, const std::vector<int>& signals, const std::string& run) {
  EXPECT_EQ(program.WaitAtMost(kPatience), 130) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("stopping"));
  // The third may come after the end, and the second after the last packet.
  if (Drains(signals)) {
    EXPECT_THAT(program.output(), HasSubstr("interrupted: the run stopped after a whole step"));
    EXPECT_THAT(program.output(), Not(HasSubstr("aborting")));
    EXPECT_FALSE(IsSaving(run));
  }
  ExpectWhole(run);
}

TEST(FaultSignals, BeforeTheRunOpensTheFirstEndsTheProgram) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const TempFolder folder;
    Program program(TinyRun(folder / "run"));
    ASSERT_TRUE(AwaitMain(program)) << program.output();
    program.Signal(SIGPIPE);
    program.Signal(number);
    EXPECT_EQ(program.WaitAtMost(kPatience), 130);
    EXPECT_THAT(program.output(), HasSubstr("interrupted"));
  }
}

TEST(FaultSignals, InTheFirstWindow) {
  for (const std::vector<int>& signals : kWhileItRuns) {
    const TempFolder folder;
    const std::string run = folder / "run";
    Program program(Endless(run, {"sample.images=32", "gpu.gradient_accumulation=8"}));
    ASSERT_TRUE(AwaitRun(program)) << program.output();
    Send(program, signals);
    ExpectEnded(program, signals, run);
    // One, unless the signal was there before the window was.
    if (signals.size() == 1) {
      EXPECT_EQ(Checkpoints(run).size(), Losses(run).size());
    }
  }
}

TEST(FaultSignals, InACheckpoint) {
  for (const std::vector<int>& signals : kWhileItRuns) {
    const TempFolder folder;
    const std::string run = folder / "run";
    Program program(Endless(run, {kSlowToSave}));
    ASSERT_TRUE(Await(program, [&] { return !Checkpoints(run).empty() && IsSaving(run); }))
        << program.output();
    Send(program, signals);
    ExpectEnded(program, signals, run);
    EXPECT_FALSE(Checkpoints(run).empty());
  }
}

TEST(FaultSignals, InTheEvaluationAtTheStart) {
  for (const std::vector<int>& signals : kWhileItRuns) {
    const TempFolder folder;
    const std::string run = folder / "run";
    Program program(Endless(run, {"evaluate.knn=true", "sample.images=400", "data.image_size=32"}));
    ASSERT_TRUE(AwaitRun(program)) << program.output();
    Send(program, signals);
    ExpectEnded(program, signals, run);
  }
}

TEST(FaultSignals, InTheEvaluationOfAnEpoch) {
  for (const std::vector<int>& signals : kWhileItRuns) {
    const TempFolder folder;
    const std::string run = folder / "run";
    // Three steps, and an evaluation that takes half as long as one of them.
    Program program(Endless(run, {"evaluate.knn=true", "evaluate.every_epochs=1",
                                  "sample.images=60", "data.batch_size=10"}));
    ASSERT_TRUE(AwaitSteps(program, run, 1)) << program.output();
    const auto first = std::chrono::steady_clock::now();
    ASSERT_TRUE(AwaitSteps(program, run, 2)) << program.output();
    const auto step = std::chrono::steady_clock::now() - first;
    std::this_thread::sleep_for(step * 5 / 4);
    Send(program, signals);
    ExpectEnded(program, signals, run);
  }
}

TEST(FaultSignals, AtTheEnd) {
  for (const std::vector<int>& signals : kWhileItRuns) {
    if (signals.front() == SIGPIPE) continue;  // the end comes sooner than the last of them
    const TempFolder folder;
    const std::string run = folder / "run";
    Program program(TinyRun(run, {"run.checkpoint_every_epochs=0", kSlowToSave}));
    ASSERT_TRUE(Await(program, [&] { return IsSaving(run); })) << program.output();
    Send(program, signals);
    ExpectEnded(program, signals, run);
    if (signals.size() == 1) {
      EXPECT_EQ(Checkpoints(run).size(), 1u);
    }
  }
}

TEST(FaultSignals, AHangUpThatIsIgnoredStaysSo) {
  const TempFolder folder;
  const std::string run = folder / "run";
  Program program(Endless(run, {"run.checkpoint_every_epochs=0"}), [] { signal(SIGHUP, SIG_IGN); });
  ASSERT_TRUE(AwaitSteps(program, run, 1)) << program.output();
  program.Signal(SIGHUP);
  program.Signal(SIGPIPE);
  const size_t before = ReadMetrics(run).size();
  ASSERT_TRUE(AwaitSteps(program, run, before + 5)) << program.output();
  program.Signal(SIGTERM);
  EXPECT_EQ(program.WaitAtMost(kPatience), 130) << program.output();
  ExpectWhole(run);
}

TEST(FaultStreams, ATerminalThatIsClosedDrainsTheRun) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) GTEST_SKIP() << "no pty";
  const std::string name = ptsname(terminal);
  const TempFolder folder;
  const std::string run = folder / "run";
  Program program(Endless(run, {"run.checkpoint_every_epochs=0"}), [&] {
    setsid();
    const int mine = open(name.c_str(), O_RDWR);
    ioctl(mine, TIOCSCTTY, 0);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(mine, stream);
    setenv("TERM", "xterm", 1);
  });
  ASSERT_TRUE(AwaitSteps(program, run, 2));
  close(terminal);
  EXPECT_EQ(program.WaitAtMost(kPatience), 130);
  EXPECT_THAT(ReadText(run + "/log.txt"), HasSubstr("stopping"));
  EXPECT_EQ(Checkpoints(run).size(), 1u);
  ExpectWhole(run);
}

TEST(FaultStreams, AClosedPipeOrNoStreamsAtAllEndNoTraining) {
  for (const bool pipe_closes : {true, false}) {
    const TempFolder folder;
    const std::string run = folder / "run";
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    Program program(TinyRun(run, {"run.log_every=0"}), [&] {
      for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (!pipe_closes) close(stream);
        if (pipe_closes && stream != STDIN_FILENO) dup2(ends[1], stream);
      }
    });
    close(ends[0]);
    close(ends[1]);
    EXPECT_EQ(program.WaitAtMost(kPatience), 0);
    EXPECT_EQ(Losses(run).size(), 2u);
    EXPECT_THAT(ReadText(run + "/config.yaml"), Not(HasSubstr("epoch 1/2")));
    EXPECT_EQ(Checkpoints(run).size(), 2u);
    ExpectWhole(run);
  }
}

}  // namespace
}  // namespace flowtrain
