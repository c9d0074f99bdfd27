// Runs the built program as a user would, for tests.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {

// A running program; its output goes to a file.
class Program {
 public:
  // `prepare` runs in the new process before it becomes the program: limits, signals, files.
  // `wrapper` is a command that starts the program, with its arguments.
  explicit Program(const std::vector<std::string>& arguments,
                   const std::function<void()>& prepare = {},
                   const std::vector<std::string>& wrapper = {})
      : output_(folder_ / "output") {
    pid_ = fork();
    if (pid_ == 0) Become(arguments, prepare, wrapper);
  }

  pid_t pid() const { return pid_; }

  void Signal(int number) const {
    if (!ended_) kill(pid_, number);  // otherwise the number may be another process's
  }

  // Waits until `text` is in the output; false if the program ended first.
  bool WaitFor(const std::string& text) {
    for (;;) {
      const bool ended = waitpid(pid_, &status_, WNOHANG) == pid_;
      if (output().find(text) != std::string::npos) {
        ended_ = ended_ || ended;
        return true;
      }
      if (ended) {
        ended_ = true;
        return false;
      }
      usleep(20'000);
    }
  }

  // Whether it has ended by now.
  bool Ended() {
    ended_ = ended_ || waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }

  // The exit code, or 128 + the number of the signal that killed it.
  int Wait() {
    if (!ended_) waitpid(pid_, &status_, 0);
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

  // The same, but a program that has not ended by then is killed, and 128 + SIGKILL is returned.
  int WaitAtMost(int seconds) {
    for (int i = 0; i < 100 * seconds && !ended_; ++i) {
      ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
      if (!ended_) usleep(10'000);
    }
    if (!ended_) kill(pid_, SIGKILL);
    return Wait();
  }

  std::string output() const { return ReadText(output_); }  // standard output and error

 private:
  [[noreturn]] void Become(const std::vector<std::string>& arguments,
                           const std::function<void()>& prepare,
                           const std::vector<std::string>& wrapper) const {
    const int out = open(output_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    signal(SIGHUP, SIG_DFL);  // nohup ignores it, and so does all that nohup starts
    if (prepare) prepare();
    std::vector<std::string> words = wrapper;
    words.emplace_back(FLOWTRAIN_BINARY);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }

  TempFolder folder_;
  std::string output_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

struct Result {
  int code;
  std::string output;
};

inline Result RunProgram(const std::vector<std::string>& arguments) {
  Program program(arguments);
  const int code = program.Wait();
  return {code, program.output()};
}

inline const std::string kRoot = FLOWTRAIN_SOURCE_DIR;
inline const std::string kGraph = kRoot + "/graphs/simclr.yaml";
// Data that is not in the repository.
inline const std::string kData = kRoot + "/../shared/data";

// A training of six steps that takes seconds on one core: `extra` overrides it. Most of a step's
// time goes into the weights, so fewer steps make a test faster, smaller steps do not.
inline std::vector<std::string> SmallRun(const std::string& run_dir,
                                         const std::vector<std::string>& extra = {}) {
  std::vector<std::string> arguments = {kGraph, "--run-dir", run_dir};
  for (const char* set : {"data.kind=sample", "sample.images=24", "model.width_multiplier=0.125",
                          "data.image_size=16", "data.batch_size=4", "gpu.gradient_accumulation=2",
                          "train.epochs=2", "train.warmup_epochs=1", "data.num_workers=2",
                          "threads=1", "gpu.mixed_precision=false", "device=cpu"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  for (const std::string& set : extra) arguments.insert(arguments.end(), {"--set", set});
  return arguments;
}

// The arguments with more behind them.
inline std::vector<std::string> With(std::vector<std::string> arguments,
                                     const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The objects of a metrics.jsonl file; a half-written line does not count.
inline std::vector<nlohmann::json> ReadMetrics(const std::string& run_dir) {
  std::vector<nlohmann::json> objects;
  for (const std::string& line : ReadLines(run_dir + "/metrics.jsonl")) {
    nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (object.is_object()) objects.push_back(std::move(object));
  }
  return objects;
}

// The number of each step, in order.
inline std::vector<uint64_t> Steps(const std::string& run_dir) {
  std::vector<uint64_t> steps;
  for (const nlohmann::json& object : ReadMetrics(run_dir)) {
    if (object.contains("step")) steps.push_back(object["step"]);
  }
  return steps;
}

// Waits until so many steps are done; false if the program ended first.
inline bool WaitForSteps(Program& program, const std::string& run_dir, size_t steps) {
  while (Steps(run_dir).size() < steps) {
    if (program.Ended()) return Steps(run_dir).size() >= steps;
    usleep(10'000);
  }
  return true;
}

// The losses of the steps, in order.
inline std::vector<double> Losses(const std::string& run_dir) {
  std::vector<double> losses;
  for (const nlohmann::json& object : ReadMetrics(run_dir)) {
    if (object.contains("step") && object.contains("loss")) losses.push_back(object["loss"]);
  }
  return losses;
}

}  // namespace flowtrain
