// What the environment says of a process that was started as one of several.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace flowtrain {

// One of `ranks` processes, and where they meet.
struct Launch {
  int rank = 0, ranks = 1;
  int local_rank = 0;        // among those of this machine
  int local_ranks = 1;       // of this machine, which share its cores, as far as the launcher says
  int node_cores = 0;        // of this machine that they have together; 0: it does not say
  std::string address;       // of rank 0's machine; empty: there is one rank
  uint16_t port = 0;         // there
  bool agent_store = false;  // torchrun listens there itself, so that rank 0 must not
  std::string ranks_variable;  // the variable that gives `ranks`, for messages
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment ProcessEnvironment();

// Reads, in this order: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT, as torchrun sets
// them; OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK, _LOCAL_SIZE of Open MPI; SLURM_PROCID,
// SLURM_NTASKS, SLURM_LOCALID and the node list of SLURM, in what srun has started. With the last two, MASTER_ADDR and
// MASTER_PORT override what follows from them: the first node, a port made from the job's number.
// Without any of them there is one rank. Throws ConfigError for variables that are not numbers, of
// which some are missing, or which contradict each other.
Launch ReadLaunch(const Environment& environment);

// The first host of a node list as SLURM writes it: "node[03-05,9],gpu1" begins with node03.
// Throws ConfigError where it cannot be read.
std::string FirstHost(const std::string& list);

// Whether an address is that of the machine itself.
bool IsLoopback(const std::string& address);

}  // namespace flowtrain
