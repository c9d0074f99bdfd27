#include "tools/load/machine.h"

#include <algorithm>

#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/host_name.h"

namespace flowtrain {

Machine ThisMachine() {
  const CpuLimits limits = ReadCpuLimits();
  const double affinity = limits.affinity;
  return {HostName(), ProcessorName(),
          limits.quota > 0 ? std::min(affinity, limits.quota) : affinity};
}

}  // namespace flowtrain
