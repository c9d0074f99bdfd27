// The cores of one of several processes on a machine.
#pragma once

#include <string>

#include "nodes/distributed/launch/launch.h"

namespace flowtrain {

// Cores' worth of time that this process may use. Of one that has its machine for itself: as many as
// its affinity mask and the cgroup's quota allow (CpuLimits). Of several: its share of those that the
// launcher has, and no more than its own mask has, which mpirun and srun may have narrowed to that
// share already. The launcher's are those that it says, or those of the mask of the process which has
// started the ranks: the nearest ancestor without their variables. `root` is put before /proc and
// /sys, for tests.
double CoresOfRank(const Launch& launch, const std::string& root = "");

// Threads that can run at once on them: part of a core counts only where there is no whole one.
int ThreadsOfRank(const Launch& launch, const std::string& root = "");

}  // namespace flowtrain
