#include "pipeline/base/cpu_use.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <vector>

#include "pipeline/base/clock.h"
#include "pipeline/base/cpu_limits.h"

namespace flowtrain {
namespace {

constexpr uint64_t kLeastNs = 500'000'000;  // ticks of 10 ms on each core are coarse
constexpr double kFull = 0.1;               // a smaller share of idle time counts as none

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Adds the time of the allowed cores. In a container whose /proc/stat has other numbers than the
// affinity mask, nothing is known.
void AddCores(const std::string& root, CpuUse& use) {
  const std::vector<int> cores = internal::AllowedCores(root);
  const uint64_t tick_ns = 1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  CpuUse sum;
  size_t seen = 0;
  std::ifstream stat(root + "/proc/stat");
  // "cpu3 user nice system idle iowait irq softirq steal …"; these lines come first.
  for (std::string line; std::getline(stat, line) && line.rfind("cpu", 0) == 0;) {
    std::istringstream fields(line.substr(3));
    if (line[3] == ' ') continue;  // the sum over all cores
    int core = -1;
    uint64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0;
    fields >> core >> user >> nice >> system >> idle >> wait >> irq >> soft >> stolen;
    if (std::find(cores.begin(), cores.end(), core) == cores.end()) continue;
    ++seen;
    sum.busy_ns += tick_ns * (user + nice + system + irq + soft);
    sum.idle_ns += tick_ns * (idle + wait);
    sum.stolen_ns += tick_ns * stolen;
  }
  if (seen == 0 || seen != cores.size()) return;
  use.busy_ns = sum.busy_ns;
  use.idle_ns = sum.idle_ns;
  use.stolen_ns = sum.stolen_ns;
}

// cpu.stat has these two names in both versions of the cgroup interface.
void AddPeriods(const std::string& root, CpuUse& use) {
  const internal::CpuQuota quota = internal::SmallestQuota(root);
  if (quota.group.empty()) return;
  std::ifstream stat(quota.group / "cpu.stat");
  std::string name;
  for (uint64_t value = 0; stat >> name >> value;) {
    if (name == "nr_periods") use.periods = value;
    if (name == "nr_throttled") use.throttled_periods = value;
  }
}

// The kernel's counters of idle time may go back a little.
uint64_t Growth(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

}  // namespace

CpuUse CpuUse::Since(const CpuUse& earlier) const {
  return {Growth(at_ns, earlier.at_ns),
          Growth(own_ns, earlier.own_ns),
          Growth(busy_ns, earlier.busy_ns),
          Growth(idle_ns, earlier.idle_ns),
          Growth(stolen_ns, earlier.stolen_ns),
          Growth(periods, earlier.periods),
          Growth(throttled_periods, earlier.throttled_periods)};
}

// A sandbox may show a /proc/stat that does not count.
bool CpuUse::known() const {
  return at_ns >= kLeastNs && busy_ns + idle_ns > 0 && busy_ns >= own_ns / 2;
}

double CpuUse::others() const { return known() ? Ratio(Growth(busy_ns, own_ns), at_ns) : 0; }

double CpuUse::stolen() const { return known() ? Ratio(stolen_ns, at_ns) : 0; }

double CpuUse::throttled() const { return std::min(1.0, Ratio(throttled_periods, periods)); }

bool CpuUse::full() const {
  return known() && Ratio(idle_ns, busy_ns + idle_ns + stolen_ns) < kFull;
}

CpuUse ReadCpuUse(const std::string& root) {
  CpuUse use;
  use.at_ns = NowNs();
  use.own_ns = ProcessCpuNs();
  AddCores(root, use);
  AddPeriods(root, use);
  return use;
}

}  // namespace flowtrain
