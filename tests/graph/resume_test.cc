// A run that is stopped, by whatever, and goes on. FLOWTRAIN_KILLS says how often the long test kills it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Steps of a run of four images each; no evaluation, a checkpoint after every second step.
std::vector<std::string> FewSteps(const std::string& run_dir, int epochs,
                                  const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {"sample.images=20",   "data.image_size=8",
                                   "data.batch_size=2",  "train.epochs=" + std::to_string(epochs),
                                   "evaluate.knn=false", "run.checkpoint_every_steps=2",
                                   "model.stem=small"};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run_dir, sets);
}

std::string Checkpoint(const std::string& run_dir, int steps) {
  std::string name = std::to_string(steps);
  name.insert(0, 8 - name.size(), '0');
  return run_dir + "/checkpoints/step-" + name + ".safetensors";
}

// "0123456789abcdef  step 10", or the error.
std::string Digest(const std::string& checkpoint) {
  const std::string output = RunProgram({"digest", checkpoint}).output;
  std::smatch found;
  return std::regex_search(output, found, std::regex("[0-9a-f]{16}  step [0-9]+")) ? found.str()
                                                                                   : output;
}

void Flip(const std::string& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(-5000, std::ios::end);
  const auto at = stream.tellg();
  const char byte = static_cast<char>(stream.get() ^ 4);
  stream.seekp(at);
  stream.put(byte);
}

// Waits for so many steps to be done from now on; false: the program ended before.
bool WaitForMoreSteps(Program& program, const std::string& run_dir, size_t steps) {
  size_t from = Steps(run_dir).size();
  while (!program.Ended()) {
    const size_t done = Steps(run_dir).size();
    from = std::min(from, done);  // steps after the checkpoint are done again
    if (done >= from + steps) return true;
    usleep(10'000);
  }
  return false;
}

bool HasHalfACheckpoint(const std::string& run_dir) {
  std::error_code none;
  const fs::directory_iterator files(run_dir + "/checkpoints", none);
  return std::any_of(files, fs::directory_iterator(), [](const auto& entry) {
    return entry.path().string().find(".part-") != std::string::npos;
  });
}

void ExpectSameRun(const std::string& killed, const std::string& whole) {
  EXPECT_EQ(Digest(killed), Digest(whole));
  EXPECT_EQ(Steps(killed), Steps(whole));
  EXPECT_EQ(Losses(killed), Losses(whole));
}

// Kills the program so many times, at moments that lie anywhere in it: at its start, in steps, while a checkpoint is
// written. Each time it goes on with another number of workers. A run that ends before it is killed begins anew, so
// that the count holds on a machine of any speed.
void KillAndGoOn(int kills) {
  const int epochs = std::max(2, kills * 6 / 5);  // of five steps
  const TempFolder folder;
  const std::string whole = folder / "whole", killed = folder / "killed";
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_EQ(RunProgram(FewSteps(whole, epochs)).code, 0);
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begun;
  const int longest_us = std::max(1, static_cast<int>(taken.count() / epochs));
  EXPECT_THAT(Digest(whole), HasSubstr("step " + std::to_string(epochs * 5)));

  const auto seed = static_cast<unsigned>(std::time(nullptr));
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);
  int died = 0, halves = 0;
  for (int start = 0; died < kills; ++start) {
    ASSERT_LT(start, 10 * kills) << died << " kills: the others came after the end";
    Program program(
        With(FewSteps(killed, epochs, {"data.num_workers=" + std::to_string(1 + start % 4)}),
             {"--resume"}));
    // One in eight dies as it starts; the others after some steps.
    if (start % 8 != 7) WaitForMoreSteps(program, killed, 1 + random() % 3);
    usleep(static_cast<unsigned>(random()) % static_cast<unsigned>(longest_us));
    program.Signal(SIGKILL);
    const int code = program.Wait();
    ASSERT_TRUE(code == 128 + SIGKILL || code == 0) << program.output();
    died += code == 0 ? 0 : 1;
    halves += HasHalfACheckpoint(killed) ? 1 : 0;
    if (code == 0) {
      ExpectSameRun(killed, whole);
      fs::remove_all(killed);
    }
  }
  const Result last = RunProgram(With(FewSteps(killed, epochs), {"--resume"}));
  ASSERT_EQ(last.code, 0) << last.output;
  ExpectSameRun(killed, whole);
  std::cout << died << " kills, " << halves << " of them while a checkpoint was written; "
            << epochs * 5 << " steps; digest " << Digest(killed) << '\n';
}

TEST(Resume, KilledAtAnyMomentItEndsAsIfLeftAlone) { KillAndGoOn(3); }

TEST(Resume, LongKilledAgainAndAgain) {
  const char* asked = std::getenv("FLOWTRAIN_KILLS");
  KillAndGoOn(asked == nullptr ? 5 : std::atoi(asked));
}

class Finished : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    const Result result = RunProgram(FewSteps(Path(), 2));
    ASSERT_EQ(result.code, 0) << result.output;
    digest_ = Digest(Path());
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Path() { return *folder_ / "run"; }

  // A copy of the run, of ten steps with checkpoints of the last three, and what it is worth.
  static std::string Copy(const TempFolder& to) {
    fs::copy(Path(), to / "run", fs::copy_options::recursive);
    return to / "run";
  }

  static TempFolder* folder_;
  static std::string digest_;
};
TempFolder* Finished::folder_ = nullptr;
std::string Finished::digest_;

TEST_F(Finished, GoesOnInItsFolderWithItsOwnParameters) {
  const TempFolder folder;
  const std::string run = Copy(folder);
  for (const char* file : {"step-00000010.safetensors"}) fs::remove(run + "/checkpoints/" + file);
  const Result result = RunProgram({kGraph, "--resume", run});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("step-00000008.safetensors after step 8"));
  EXPECT_EQ(Digest(run), digest_);
  EXPECT_EQ(Steps(run), Steps(Path()));
  EXPECT_THAT(ReadText(run + "/metrics.abandoned.jsonl"), HasSubstr("\"step\":9,"));
}

TEST_F(Finished, WithoutAValueTheNewestRunGoesOn) {
  const TempFolder folder;
  fs::create_directories(folder / "runs/simclr-20260101-000000");
  fs::copy(Path(), folder / "runs/simclr-20260102-000000", fs::copy_options::recursive);
  const std::string set = "run.dir=" + (folder / "runs");
  const Result result = RunProgram({kGraph, "--set", set, "--resume"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("simclr-20260102-000000/checkpoints/step-00000010"));
  const Result none = RunProgram({kGraph, "--set", "run.dir=" + (folder / "no"), "--resume"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.output, HasSubstr("no run to go on with"));
}

TEST_F(Finished, ADamagedCheckpointIsNamedAndTheOneBeforeTaken) {
  const TempFolder folder;
  const std::string run = Copy(folder);
  Flip(Checkpoint(run, 10));
  fs::resize_file(Checkpoint(run, 8), 1'000'000);
  const Result result = RunProgram({kGraph, "--resume", run});
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* part :
       {"step-00000010.safetensors is damaged: the checksum of",
        "step-00000008.safetensors is not a safetensors file, or it is damaged", "after step 6"}) {
    EXPECT_THAT(result.output, HasSubstr(part));
  }
  EXPECT_EQ(Digest(run), digest_);
  const Result named =
      RunProgram({kGraph, "--resume", run + "/checkpoints/abandoned/step-00000010.safetensors"});
  EXPECT_EQ(named.code, 1);
  EXPECT_THAT(named.output, HasSubstr("damaged"));
}

TEST_F(Finished, AfterARewindTheAbandonedStepsAreNotTakenUp) {
  const TempFolder folder;
  const std::string run = Copy(folder);
  // Goes on from step 6 and is stopped before it comes to step 10 again.
  const Result first = RunProgram(
      {kGraph, "--run-dir", run, "--resume", Checkpoint(run, 6), "--set", "train.max_steps=7"});
  ASSERT_EQ(first.code, 0) << first.output;
  EXPECT_THAT(first.output, AllOf(HasSubstr("abandoned/step-00000010.safetensors"),
                                  HasSubstr("train.max_steps: 0 -> 7")));
  const Result second = RunProgram({kGraph, "--resume", run, "--set", "train.max_steps=0"});
  ASSERT_EQ(second.code, 0) << second.output;
  EXPECT_THAT(second.output, HasSubstr("after step 7"));
  EXPECT_EQ(Steps(run), Steps(Path()));
  EXPECT_TRUE(fs::exists(run + "/checkpoints/abandoned/step-00000010.safetensors"));
}

TEST_F(Finished, ACheckpointStartsABranchInAFolderOfItsOwn) {
  const TempFolder folder;
  const std::string branch = folder / "branch";
  const Result result =
      RunProgram({kGraph, "--resume", Checkpoint(Path(), 6), "--run-dir", branch});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(Digest(branch), digest_);
  EXPECT_EQ(Steps(branch), (std::vector<uint64_t>{7, 8, 9, 10}));
  // Another run's folder is not taken for it.
  const Result other = RunProgram({kGraph, "--resume", Checkpoint(Path(), 6), "--run-dir", branch});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.output, HasSubstr("not empty"));
}

TEST_F(Finished, ParametersThatMakeAnotherRunAreRefusedWithWhatWasAndIs) {
  const TempFolder folder;
  const std::string run = Copy(folder);
  const std::vector<std::string> changed = {kGraph,
                                            "--resume",
                                            run,
                                            "--set",
                                            "train.learning_rate=0.5",
                                            "--set",
                                            "data.batch_size=4",
                                            "--set",
                                            "train.weight_decay=0.0005",
                                            "--set",
                                            "data.num_workers=1"};
  const Result refused = RunProgram(changed);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("\n  data.batch_size: 2 -> 4\n"),
                                    HasSubstr("\n  train.learning_rate: 0.06 -> 0.5\n"),
                                    HasSubstr("--resume-anyway")));
  EXPECT_THAT(refused.output, Not(HasSubstr("num_workers:")));
  EXPECT_THAT(refused.output, Not(HasSubstr("weight_decay:")));
  EXPECT_TRUE(fs::exists(Checkpoint(run, 10)));

  const Result graph = RunProgram({FLOWTRAIN_SOURCE_DIR "/graphs/vicreg.yaml", "--resume", run});
  EXPECT_EQ(graph.code, 2);
  EXPECT_THAT(graph.output, HasSubstr("\n  graph: simclr -> vicreg\n"));

  const Result anyway = RunProgram({kGraph, "--resume", run, "--set", "train.learning_rate=0.5",
                                    "--set", "threads=2", "--resume-anyway"});
  EXPECT_EQ(anyway.code, 0) << anyway.output;
  EXPECT_THAT(anyway.output, AllOf(HasSubstr("train.learning_rate: 0.06 -> 0.5"),
                                   HasSubstr("threads: 1 -> 2 (changes the order of sums")));

  const Result other =
      RunProgram({kGraph, "--resume", run, "--set", "model.backbone=resnet34", "--resume-anyway"});
  EXPECT_EQ(other.code, 2) << other.output;
  EXPECT_THAT(other.output, HasSubstr("does not fit this network and optimizer"));
}

TEST(Resume, ASecondProcessInTheSameFolderIsRefused) {
  const TempFolder folder;
  const std::string run = folder / "run";
  Program first(FewSteps(run, 1000, {"run.checkpoint_every_steps=0"}));
  while (RunProgram({"digest", run}).code != 0 && !first.Ended()) usleep(20'000);
  for (const auto& arguments : {std::vector<std::string>{kGraph, "--resume", run},
                                With(FewSteps(run, 1000), {"--resume"})}) {
    const Result second = RunProgram(arguments);
    EXPECT_EQ(second.code, 2) << second.output;
    EXPECT_THAT(second.output, HasSubstr("another run is writing to " + run));
  }
  first.Signal(SIGINT);
  EXPECT_EQ(first.Wait(), 130) << first.output();
  std::vector<uint64_t> expected(Steps(run).size());
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(Steps(run), expected);
}

TEST(Resume, AFullDiskEndsTheRunWithTheReason) {
  const TempFolder folder;
  const std::string disk = folder / "disk";
  fs::create_directory(disk);
  if (std::system(("mount -t tmpfs -o size=2m tmpfs " + disk + " 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  const Result result = RunProgram(FewSteps(disk + "/run", 1000));
  const bool half = HasHalfACheckpoint(disk + "/run");
  ASSERT_EQ(std::system(("umount " + disk).c_str()), 0);
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("the checkpoint could not be written"),
                                   HasSubstr("No space left on device"), HasSubstr("--resume")));
  EXPECT_FALSE(half);
}

}  // namespace
}  // namespace flowtrain
