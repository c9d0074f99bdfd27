#include "tools/commands/start_ranks.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nodes/distributed/addresses.h"
#include "pipeline/base/log.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery(20);
// From the first failure on: until the others are asked to end, and until they are made to.
constexpr std::chrono::seconds kAsk(20), kKill(30);
constexpr char kLoopback[] = "127.0.0.1";

std::vector<std::string> OwnArguments() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> words;
  for (size_t first = 0; first < text.size();) {
    const size_t end = text.find('\0', first);
    words.push_back(text.substr(first, end - first));
    first = end == std::string::npos ? text.size() : end + 1;
  }
  return words;
}

uint16_t FreePort() {
  const int socket = ListenOn(kLoopback, 0);
  const uint16_t port = PortOf(socket);
  close(socket);
  return port;
}

struct Process {
  pid_t pid = -1;
  std::optional<int> code = {};  // once it has ended
};

class RankProcesses {
 public:
  explicit RankProcesses(int ranks) : port_(FreePort()), arguments_(OwnArguments()) {
    for (int rank = 0; rank < ranks; ++rank) processes_.push_back({Start(rank, ranks)});
  }
  ~RankProcesses() {
    Send(SIGKILL);
    for (Process& process : processes_) {
      if (!process.code) waitpid(process.pid, nullptr, 0);
    }
  }
  RankProcesses(const RankProcesses&) = delete;
  RankProcesses& operator=(const RankProcesses&) = delete;

  void Send(int signal) const {
    for (const Process& process : processes_) {
      if (!process.code) kill(process.pid, signal);
    }
  }

  // Takes note of those that have ended. Returns whether all have.
  bool Look() {
    bool all = true;
    for (size_t rank = 0; rank < processes_.size(); ++rank) {
      Process& process = processes_[rank];
      int status = 0;
      if (!process.code && waitpid(process.pid, &status, WNOHANG) == process.pid) {
        Note(static_cast<int>(rank), status);
      }
      all = all && process.code;
    }
    return all;
  }

  std::optional<int> first_failure() const { return first_failure_; }
  int code_of_first() const { return processes_[0].code.value_or(1); }

 private:
  pid_t Start(int rank, int ranks) {
    const std::vector<std::pair<std::string, std::string>> variables = {
        {"RANK", std::to_string(rank)},       {"WORLD_SIZE", std::to_string(ranks)},
        {"LOCAL_RANK", std::to_string(rank)}, {"LOCAL_WORLD_SIZE", std::to_string(ranks)},
        {"MASTER_ADDR", kLoopback},           {"MASTER_PORT", std::to_string(port_)}};
    std::vector<char*> argv;
    for (std::string& word : arguments_) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
      throw std::runtime_error("cannot start rank " + std::to_string(rank) + ": " +
                               std::strerror(errno));
    }
    if (pid > 0) return pid;
    setpgid(0, 0);  // the terminal's Ctrl-C comes by way of this program
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }

  void Note(int rank, int status) {
    Process& process = processes_[static_cast<size_t>(rank)];
    process.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (WIFSIGNALED(status)) {
      LogError("rank " + std::to_string(rank) + " was killed by signal " +
               std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ')');
    }
    const bool failed =
        *process.code != 0 && *process.code != static_cast<int>(ExitCode::kInterrupted);
    if (failed && !first_failure_) first_failure_ = process.code;
  }

  const uint16_t port_;
  std::vector<std::string> arguments_;
  std::vector<Process> processes_;
  std::optional<int> first_failure_;
};

}  // namespace

void DevicesRequest::AddTo(CLI::App& app) {
  app.add_option("--devices", devices,
                 "Train with so many processes on this machine, one per GPU (docs/scale.md)")
      ->type_name("N");
}

bool DevicesRequest::IsToStartRanks() const {
  constexpr int kMost = 1024;
  if (devices < 1 || devices > kMost) {
    throw ConfigError("--devices takes a number of processes from 1 to " + std::to_string(kMost));
  }
  const Launch launch = ReadLaunch(ProcessEnvironment());
  if (launch.ranks == 1) return devices > 1;
  if (devices > 1 && devices != launch.ranks) {
    throw ConfigError("--devices " + std::to_string(devices) + " starts the ranks itself, but " +
                      launch.ranks_variable + " says that this is one of " +
                      std::to_string(launch.ranks) + ": leave out --devices");
  }
  return false;
}

void RefuseOfSeveral(const std::string& option, const Launch& launch) {
  if (launch.ranks == 1) return;
  throw ConfigError(option + " measures the loader of one process, but this is one of " +
                    std::to_string(launch.ranks) + ": leave it out, or start one process");
}

void LogAsRank(const Launch& launch) {
  if (launch.ranks > 1) SetLogPrefix("rank " + std::to_string(launch.rank) + ": ");
  if (launch.rank > 0) SetLogLevel(LogLevel::kError);
}

ExitCode StartRanks(int ranks, StopSignals& signals) {
  RunControl run;
  RankProcesses processes(ranks);
  const StopSignals::Watch watch(signals, run, "stopping all ranks; again to abort");
  bool asked = false, aborted = false, told = false, killed = false;
  std::optional<Clock::time_point> failed_at;
  while (!processes.Look()) {
    if (run.draining() && !std::exchange(asked, true)) processes.Send(SIGTERM);
    if (run.aborted() && !std::exchange(aborted, true)) processes.Send(SIGTERM);
    if (processes.first_failure() && !failed_at) failed_at = Clock::now();
    if (failed_at && Clock::now() > *failed_at + kAsk && !std::exchange(told, true)) {
      processes.Send(SIGTERM);
    }
    if (failed_at && Clock::now() > *failed_at + kKill && !std::exchange(killed, true)) {
      LogError("a rank has failed and others have not ended: they are killed");
      processes.Send(SIGKILL);
    }
    std::this_thread::sleep_for(kLookEvery);
  }
  return static_cast<ExitCode>(processes.first_failure().value_or(processes.code_of_first()));
}

}  // namespace flowtrain
