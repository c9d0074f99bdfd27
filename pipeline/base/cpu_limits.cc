#include "pipeline/base/cpu_limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

std::optional<double> ToNumber(std::string_view text) {
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop == text.data()) return std::nullopt;
  return number;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// The cores in a list as the kernel writes it: "0-3,8" is five.
std::vector<int> ParseCores(const std::string& list) {
  std::vector<int> cores;
  for (const std::string& range : Split(list, ',')) {
    const size_t dash = range.find('-');
    const auto first = ToNumber(range.substr(0, dash));
    const auto last = dash == std::string::npos ? first : ToNumber(range.substr(dash + 1));
    if (!first || !last) continue;
    for (int core = static_cast<int>(*first); core <= static_cast<int>(*last); ++core) {
      cores.push_back(core);
    }
  }
  return cores;
}

int ReadAffinity(const std::string& root) {
  const auto cores = static_cast<int>(internal::AllowedCores(root).size());
  return cores > 0 ? cores : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Version 2, cpu.max: "quota period", or "max period".
double ReadMax(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  std::string quota, period;
  file >> quota >> period;
  const auto time = ToNumber(quota), out_of = ToNumber(period);
  return time && out_of && *time > 0 && *out_of > 0 ? *time / *out_of : kNoQuota;
}

// Version 1: the quota is -1 where there is none.
double ReadCfsQuota(const fs::path& group) {
  double time = 0, out_of = 0;
  if (!(std::ifstream(group / "cpu.cfs_quota_us") >> time)) return kNoQuota;
  if (!(std::ifstream(group / "cpu.cfs_period_us") >> out_of)) return kNoQuota;
  return time > 0 && out_of > 0 ? time / out_of : kNoQuota;
}

// The smallest quota of a group and its ancestors. In a container the path is often the host's and
// does not exist below `mount`; the ancestors that do exist still apply.
void LowerUpwards(const fs::path& mount, const std::string& group, double (*read)(const fs::path&),
                  internal::CpuQuota& lowest) {
  const auto look = [&](const fs::path& folder) {
    const double cores = read(folder);
    if (cores < lowest.cores) lowest = {cores, folder};
  };
  for (fs::path path = fs::path(group).relative_path(); !path.empty(); path = path.parent_path()) {
    look(mount / path);
  }
  look(mount);
}

bool Holds(const std::string& controllers, const char* wanted) {
  const auto names = Split(controllers, ',');
  return std::find(names.begin(), names.end(), wanted) != names.end();
}

}  // namespace

std::vector<int> internal::AllowedCores(const std::string& root, const std::string& process) {
  constexpr std::string_view kKey = "Cpus_allowed_list:";
  std::ifstream status(root + "/proc/" + process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.compare(0, kKey.size(), kKey) != 0) continue;
    std::string list = line.substr(kKey.size());
    list.erase(0, list.find_first_not_of(" \t"));
    return ParseCores(list);
  }
  return {};
}

// /proc/self/cgroup has a line "number:controllers:path" for each hierarchy; version 2 has number 0
// and no controllers.
internal::CpuQuota internal::SmallestQuota(const std::string& root) {
  const fs::path mounts = root + "/sys/fs/cgroup";
  CpuQuota lowest{kNoQuota, {}};
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      LowerUpwards(mounts, path, ReadMax, lowest);
    } else if (Holds(controllers, "cpu")) {
      // Mounted under its own name, or with all controllers of the hierarchy in the order of the
      // line.
      LowerUpwards(mounts / "cpu", path, ReadCfsQuota, lowest);
      LowerUpwards(mounts / controllers, path, ReadCfsQuota, lowest);
    }
  }
  return lowest;
}

CpuLimits ReadCpuLimits(const std::string& root) {
  CpuLimits limits;
  limits.affinity = ReadAffinity(root);
  limits.usable = limits.affinity;
  const double quota = internal::SmallestQuota(root).cores;
  if (!std::isfinite(quota)) return limits;
  limits.quota = quota;
  const double whole = std::clamp(std::ceil(quota), 1.0, static_cast<double>(limits.affinity));
  limits.usable = static_cast<int>(whole);
  return limits;
}

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t at = line.find_first_not_of(" \t:", std::string("model name").size());
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "unknown processor";
}

}  // namespace flowtrain
