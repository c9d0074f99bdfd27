#include "tools/timing/machine.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "pipeline/cpu_limits.h"

namespace flowtrain {
namespace {

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t at = line.find_first_not_of(" \t:", std::string("model name").size());
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "unknown processor";
}

}  // namespace

Machine ThisMachine() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const CpuLimits limits = ReadCpuLimits();
  const double affinity = limits.affinity;
  return {host.data(), ProcessorName(),
          limits.quota > 0 ? std::min(affinity, limits.quota) : affinity};
}

}  // namespace flowtrain
