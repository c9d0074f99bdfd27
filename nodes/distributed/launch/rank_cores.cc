#include "nodes/distributed/launch/rank_cores.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "pipeline/base/cpu_limits.h"

namespace flowtrain {
namespace {

// Empty where the system does not tell, or the parent is outside the container.
std::string ParentOf(const std::string& root, const std::string& process) {
  std::ifstream status(root + "/proc/" + process + "/status");
  for (std::string word; status >> word;) {
    if (word != "PPid:") continue;
    std::string parent;
    status >> parent;
    return parent == "0" ? "" : parent;
  }
  return {};
}

// What another user's process has cannot be read: it is none of the ranks.
bool HasVariable(const std::string& root, const std::string& process, const std::string& name) {
  std::ifstream file(root + "/proc/" + process + "/environ", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return ('\0' + text).find('\0' + name + '=') != std::string::npos;
}

// Those of the process that has started the ranks, perhaps by way of a shell for each; 0: not known.
int CoresOfLauncher(const Launch& launch, const std::string& root) {
  std::string process = ParentOf(root, "self");
  if (process.empty()) return 0;
  while (HasVariable(root, process, launch.ranks_variable)) {
    const std::string parent = ParentOf(root, process);
    if (parent.empty()) break;
    process = parent;
  }
  return static_cast<int>(internal::AllowedCores(root, process).size());
}

}  // namespace

double CoresOfRank(const Launch& launch, const std::string& root) {
  const CpuLimits limits = ReadCpuLimits(root);
  const double own = limits.affinity, ranks = launch.local_ranks;
  double cores = own;
  if (launch.local_ranks > 1) {
    const int all = launch.node_cores > 0 ? launch.node_cores : CoresOfLauncher(launch, root);
    cores = std::min(own, std::max<double>(all, own) / ranks);
  }
  return limits.quota > 0 ? std::min(cores, limits.quota / ranks) : cores;
}

int ThreadsOfRank(const Launch& launch, const std::string& root) {
  if (launch.local_ranks == 1) return ReadCpuLimits(root).usable;
  return std::max(1, static_cast<int>(CoresOfRank(launch, root)));
}

}  // namespace flowtrain
