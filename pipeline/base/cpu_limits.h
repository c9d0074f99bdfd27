// How many cores this process may use. TBB sizes an arena by the affinity mask only; a container
// is usually limited by a cgroup's CPU quota, beyond which more threads only wait for each other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace flowtrain {

struct CpuLimits {
  int affinity = 1;  // cores of the affinity mask, which cgroup cpusets narrow too
  double quota = 0;  // cores' worth of time a cgroup (version 1 or 2) allows; 0: no quota
  int usable = 1;    // threads that can run at once: the smaller, part of a core counted as one
};

// Reads /proc/self and /sys/fs/cgroup. `root` is put before both paths, for tests. A limit that
// cannot be read is ignored.
CpuLimits ReadCpuLimits(const std::string& root = "");

// The processor's name, as /proc/cpuinfo has it; "unknown processor" where it has none.
std::string ProcessorName();

namespace internal {

// The cores of a process's affinity mask, by number; empty if the system does not tell.
std::vector<int> AllowedCores(const std::string& root, const std::string& process = "self");

// The smallest CPU quota that holds for the process, and the folder of the cgroup that has it.
// Without a quota: infinite, and no folder.
struct CpuQuota {
  double cores;
  std::filesystem::path group;
};
CpuQuota SmallestQuota(const std::string& root);

}  // namespace internal

}  // namespace flowtrain
