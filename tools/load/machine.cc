#include "tools/load/machine.h"

#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/launch/rank_cores.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/host_name.h"

namespace flowtrain {

Machine ThisMachine() {
  return {HostName(), ProcessorName(), CoresOfRank(ReadLaunch(ProcessEnvironment()))};
}

}  // namespace flowtrain
