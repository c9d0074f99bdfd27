#include "tools/load/machine.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "pipeline/base/cpu_limits.h"

namespace flowtrain {

Machine ThisMachine() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const CpuLimits limits = ReadCpuLimits();
  const double affinity = limits.affinity;
  return {host.data(), ProcessorName(),
          limits.quota > 0 ? std::min(affinity, limits.quota) : affinity};
}

}  // namespace flowtrain
