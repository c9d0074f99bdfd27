#include "pipeline/base/memory_budget.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// What a version of the cgroup interface calls its files and figures.
struct CgroupNames {
  const char *limit, *usage;
  std::string_view inactive_file, active_file;
};
constexpr CgroupNames kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                   "total_inactive_file", "total_active_file"};
constexpr CgroupNames kVersion2 = {"memory.max", "memory.current", "inactive_file", "active_file"};

std::optional<uint64_t> ReadNumber(const fs::path& path) {
  uint64_t number = 0;
  if (!(std::ifstream(path) >> number)) return std::nullopt;  // "max" is not a number
  return number;
}

// Page cache of a group, which the kernel gives up before the limit takes effect.
uint64_t FileBytes(const fs::path& group, const CgroupNames& names) {
  std::ifstream stat(group / "memory.stat");
  std::string name;
  uint64_t value = 0, sum = 0;
  while (stat >> name >> value) {
    if (name == names.inactive_file || name == names.active_file) sum += value;
  }
  return sum;
}

uint64_t LeftInGroup(const fs::path& group, const CgroupNames& names) {
  const auto limit = ReadNumber(group / names.limit), usage = ReadNumber(group / names.usage);
  if (!limit || !usage) return kNoLimit;
  const uint64_t files = FileBytes(group, names);
  const uint64_t used = *usage > files ? *usage - files : 0;
  return *limit > used ? *limit - used : 0;
}

// The group and its ancestors. In a container the path is often the host's and does not exist below
// `mount`; the ancestors that do exist still apply.
uint64_t LeftUpwards(const fs::path& mount, const std::string& group, const CgroupNames& names) {
  uint64_t least = LeftInGroup(mount, names);
  for (fs::path path = fs::path(group).relative_path(); !path.empty(); path = path.parent_path()) {
    least = std::min(least, LeftInGroup(mount / path, names));
  }
  return least;
}

// /proc/self/cgroup has a line "number:controllers:path" for each hierarchy; version 2 has no
// controllers.
uint64_t LeftInGroups(const std::string& root) {
  const fs::path mounts = root + "/sys/fs/cgroup";
  uint64_t least = kNoLimit;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    if (controllers.empty()) {
      least = std::min(least, LeftUpwards(mounts, path, kVersion2));
    } else if (controllers == "memory") {
      least = std::min(least, LeftUpwards(mounts / "memory", path, kVersion1));
    }
  }
  return least;
}

uint64_t LeftInSystem(const std::string& root) {
  std::ifstream info(root + "/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    std::istringstream fields(line);
    std::string name;
    uint64_t kibibytes = 0;
    if (fields >> name >> kibibytes && name == "MemAvailable:") return kibibytes * 1024;
  }
  return kNoLimit;
}

// Bytes of one unit, or 0: "" and "b", "k", "kb", "kib", … in lower case.
double UnitBytes(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  constexpr std::string_view kPrefixes = "kmgt";
  const size_t prefix = kPrefixes.find(unit.front());
  if (prefix == std::string_view::npos) return 0;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "b" && rest != "ib") return 0;
  return std::pow(rest == "b" ? 1000.0 : 1024.0, static_cast<double>(prefix + 1));
}

[[noreturn]] void Refuse(const std::string& text) {
  throw ConfigError(
      "'" + text +
      "' is not an amount of memory: write one such as 4 GiB, 500 MiB, or a share of the "
      "memory that is available, such as 50%");
}

}  // namespace

uint64_t AvailableMemory(const std::string& root) {
  return std::min(LeftInSystem(root), LeftInGroups(root));
}

uint64_t ParseMemorySize(const std::string& text, uint64_t available) {
  std::string plain;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  double number = 0;
  const auto [stop, error] =
      std::from_chars(plain.data(), plain.data() + plain.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number <= 0) Refuse(text);
  const std::string_view unit(stop, static_cast<size_t>(plain.data() + plain.size() - stop));
  if (unit == "%") {
    if (number > 100) Refuse(text);
    return static_cast<uint64_t>(number / 100 * static_cast<double>(available));
  }
  const double bytes = number * UnitBytes(unit);
  constexpr double kMostBytes = 1ull << 62;
  if (bytes < 1 || bytes > kMostBytes) Refuse(text);
  return static_cast<uint64_t>(bytes);
}

}  // namespace flowtrain
