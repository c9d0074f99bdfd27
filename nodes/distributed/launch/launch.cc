#include "nodes/distributed/launch/launch.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr int kMostRanks = 1 << 16, kMostPort = 65535;
constexpr uint16_t kDefaultPort = 29500;  // torchrun's

// The variables of one launcher.
struct Names {
  const char *rank, *ranks, *local_rank, *local_ranks;
  const char* launcher;  // "torchrun"
};
constexpr Names kTorchrun = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "torchrun"};
constexpr Names kOpenMpi = {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                            "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "mpirun"};
constexpr Names kSlurm = {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nullptr, "srun"};

int Number(const char* name, const std::string& text, int least, int most) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < least || number > most) {
    throw ConfigError(std::string("the environment variable ") + name + " is '" + text +
                      "'; it must be a number from " + std::to_string(least) + " to " +
                      std::to_string(most));
  }
  return number;
}

[[noreturn]] void Lacks(const Names& names, const char* set, const char* missing) {
  throw ConfigError(std::string("the environment variable ") + set + " is set, but " + missing +
                    " is not. " + names.launcher + " sets both; for a run of one process unset " +
                    set);
}

class Reader {
 public:
  Reader(const Environment& environment, const Names& names)
      : environment_(environment), names_(names) {}

  // Rank, ranks and local rank; empty if none of the variables is set.
  std::optional<Launch> Read() const {
    const auto rank = environment_(names_.rank), ranks = environment_(names_.ranks);
    const auto local = environment_(names_.local_rank);
    if (!rank && !ranks) {
      if (local) Lacks(names_, names_.local_rank, names_.rank);
      return std::nullopt;
    }
    if (!ranks) Lacks(names_, names_.rank, names_.ranks);
    Launch launch;
    launch.ranks = Number(names_.ranks, *ranks, 1, kMostRanks);
    launch.ranks_variable = names_.ranks;
    if (!rank && launch.ranks == 1) return launch;
    if (!rank) Lacks(names_, names_.ranks, names_.rank);
    launch.rank = Number(names_.rank, *rank, 0, kMostRanks);
    if (launch.rank >= launch.ranks) {
      throw ConfigError(std::string("the environment variables contradict each other: ") +
                        names_.rank + " is " + *rank + ", but " + names_.ranks + " is " + *ranks +
                        ", and ranks are numbered from 0. Start all ranks with the same " +
                        names_.ranks);
    }
    launch.local_rank = local ? Number(names_.local_rank, *local, 0, kMostRanks) : 0;
    if (names_.local_ranks != nullptr) {
      if (const auto number = environment_(names_.local_ranks)) {
        launch.local_ranks = Number(names_.local_ranks, *number, 1, kMostRanks);
      }
    }
    if (launch.local_rank > launch.rank) {
      throw ConfigError(std::string("the environment variables contradict each other: ") +
                        names_.local_rank + " is " + *local + ", but " + names_.rank + " is " +
                        *rank + ". Start the ranks with " + names_.launcher +
                        ", or set both for each process");
    }
    return launch;
  }

 private:
  const Environment& environment_;
  const Names& names_;
};

// Where the ranks meet, as MASTER_ADDR and MASTER_PORT say; `address` and `port` (0: none) where
// they do not.
void TakePlace(const Environment& environment, const std::string& address, int port,
               Launch& launch) {
  launch.address = environment("MASTER_ADDR").value_or(address);
  const auto given = environment("MASTER_PORT");
  if (given) port = Number("MASTER_PORT", *given, 1, kMostPort);
  for (const auto& [name, missing, what] :
       {std::tuple{"MASTER_ADDR", launch.address.empty(), "the address of rank 0's machine"},
        std::tuple{"MASTER_PORT", port == 0, "a free port of that machine, such as 29500"}}) {
    if (!missing) continue;
    throw ConfigError(launch.ranks_variable + " is " + std::to_string(launch.ranks) +
                      ", but the environment variable " + name + " is not set: set it to " + what);
  }
  launch.port = static_cast<uint16_t>(port);
}

void TakePlaceOfTorchrun(const Environment& environment, Launch& launch) {
  TakePlace(environment, "", 0, launch);
  launch.agent_store = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
}

// On one machine nothing else need be said.
void TakePlaceOfOpenMpi(const Environment& environment, Launch& launch) {
  const auto local = environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  const bool one_machine =
      local && Number("OMPI_COMM_WORLD_LOCAL_SIZE", *local, 1, kMostRanks) == launch.ranks;
  TakePlace(environment, one_machine ? "127.0.0.1" : "", one_machine ? kDefaultPort : 0, launch);
}

// Jobs that share a machine get different ports.
int PortOfJob(const std::string& job) {
  constexpr int kFirst = 15000, kPorts = 10000;
  unsigned long long number = 0;
  std::from_chars(job.data(), job.data() + job.size(), number);
  return kFirst + static_cast<int>(number % kPorts);
}

// Of SLURM's "2(x3),1", two tasks on each of three nodes and one on the fourth, those on `node`, from
// 0; 1 where it cannot be read.
int TasksOfNode(const std::string& list, int node) {
  for (size_t first = 0; first < list.size();) {
    const size_t end = std::min(list.find(',', first), list.size());
    const std::string entry = list.substr(first, end - first);
    int tasks = 0, nodes = 1;
    std::sscanf(entry.c_str(), "%d(x%d)", &tasks, &nodes);
    if (node < nodes) return std::max(1, tasks);
    node -= nodes;
    first = end + 1;
  }
  return 1;
}

void TakeCoresOfSlurm(const Environment& environment, Launch& launch) {
  const auto list = environment("SLURM_STEP_TASKS_PER_NODE"), node = environment("SLURM_NODEID");
  if (!list || !node) return;
  launch.local_ranks = TasksOfNode(*list, Number("SLURM_NODEID", *node, 0, kMostRanks));
  const auto cores = environment("SLURM_CPUS_ON_NODE");
  if (cores) launch.node_cores = Number("SLURM_CPUS_ON_NODE", *cores, 1, kMostRanks);
}

void TakePlaceOfSlurm(const Environment& environment, Launch& launch) {
  std::string address;
  for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"}) {
    const auto list = environment(name);
    if (address.empty() && list) address = FirstHost(*list);
  }
  TakeCoresOfSlurm(environment, launch);
  const auto job = environment("SLURM_JOB_ID");
  TakePlace(environment, address, job ? PortOfJob(*job) : 0, launch);
}

std::string BadList(const std::string& list) {
  return "the node list '" + list + "' of SLURM cannot be read: set MASTER_ADDR to the first node";
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Launch ReadLaunch(const Environment& environment) {
  using Place = void (*)(const Environment&, Launch&);
  for (const auto& [names, take_place] :
       {std::pair<const Names&, Place>{kTorchrun, TakePlaceOfTorchrun},
        {kOpenMpi, TakePlaceOfOpenMpi},
        {kSlurm, TakePlaceOfSlurm}}) {
    // A batch script has SLURM's variables too, but only srun starts all ranks.
    if (&names == &kSlurm && !environment("SLURM_STEP_ID")) continue;
    std::optional<Launch> launch = Reader(environment, names).Read();
    if (!launch) continue;
    if (launch->ranks > 1) take_place(environment, *launch);
    return *launch;
  }
  return {};
}

std::string FirstHost(const std::string& list) {
  std::string host;
  for (size_t i = 0; i < list.size() && list[i] != ',';) {
    if (list[i] != '[') {
      host += list[i++];
      continue;
    }
    const size_t close = list.find(']', i);
    if (close == std::string::npos) throw ConfigError(BadList(list));
    const std::string first = list.substr(i + 1, list.find_first_of(",-]", i + 1) - i - 1);
    if (first.empty()) throw ConfigError(BadList(list));
    host += first;
    i = close + 1;
  }
  if (host.empty()) throw ConfigError(BadList(list));
  return host;
}

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.rfind("127.", 0) == 0;
}

}  // namespace flowtrain
