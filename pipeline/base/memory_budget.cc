#include "pipeline/base/memory_budget.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// What a version of the cgroup interface calls its files and figures. Above `high` (version 2) the
// kernel slows a group down rather than end a process. `limit_above` (version 1, in memory.stat)
// is the smallest limit of the group and its ancestors, which may be out of sight.
struct CgroupNames {
  const char *limit, *high, *usage;
  std::string_view limit_above, inactive_file, active_file;
};
constexpr CgroupNames kVersion1 = {"memory.limit_in_bytes", nullptr,
                                   "memory.usage_in_bytes", "hierarchical_memory_limit",
                                   "total_inactive_file",   "total_active_file"};
constexpr CgroupNames kVersion2 = {"memory.max", "memory.high",   "memory.current",
                                   "",           "inactive_file", "active_file"};

uint64_t ReadNumber(const fs::path& path, uint64_t otherwise) {
  uint64_t number = 0;
  return std::ifstream(path) >> number ? number : otherwise;  // "max" is not a number
}

// What memory.stat says of a group: page cache, which the kernel gives up before the limit takes
// effect, and the limit above it.
struct GroupStat {
  uint64_t file_bytes = 0, limit_above = kNoLimit;
};
GroupStat ReadStat(const fs::path& group, const CgroupNames& names) {
  GroupStat read;
  std::ifstream stat(group / "memory.stat");
  std::string name;
  for (uint64_t value = 0; stat >> name >> value;) {
    if (name == names.inactive_file || name == names.active_file) read.file_bytes += value;
    if (name == names.limit_above) read.limit_above = value;
  }
  return read;
}

void LowerTo(const fs::path& group, const CgroupNames& names, MemoryRoom& least) {
  const uint64_t usage = ReadNumber(group / names.usage, kNoLimit);
  if (usage == kNoLimit) return;
  const GroupStat stat = ReadStat(group, names);
  uint64_t limit = std::min(ReadNumber(group / names.limit, kNoLimit), stat.limit_above);
  if (names.high != nullptr) limit = std::min(limit, ReadNumber(group / names.high, kNoLimit));
  const uint64_t used = usage > stat.file_bytes ? usage - stat.file_bytes : 0;
  const uint64_t left = limit > used ? limit - used : 0;
  if (limit != kNoLimit && left < least.bytes) least = {left, group.string(), limit};
}

// The group and its ancestors. In a container the path is often the host's and does not exist below
// `mount`; the ancestors that do exist still apply.
void LowerUpwards(const fs::path& mount, const std::string& group, const CgroupNames& names,
                  MemoryRoom& least) {
  LowerTo(mount, names, least);
  for (fs::path path = fs::path(group).relative_path(); !path.empty(); path = path.parent_path()) {
    LowerTo(mount / path, names, least);
  }
}

// /proc/self/cgroup has a line "number:controllers:path" for each hierarchy; version 2 has no
// controllers.
void LowerToGroups(const std::string& root, MemoryRoom& least) {
  const fs::path mounts = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    if (controllers.empty()) {
      LowerUpwards(mounts, path, kVersion2, least);
    } else if (controllers == "memory") {
      LowerUpwards(mounts / "memory", path, kVersion1, least);
    }
  }
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

MemoryRoom AvailableMemoryRoom(const std::string& root) {
  MemoryRoom room{LeftInSystem(root), {}, 0};
  LowerToGroups(root, room);
  return room;
}

std::string CgroupNote(const MemoryRoom& room) {
  if (room.cgroup.empty()) return {};
  return " (the memory cgroup " + room.cgroup + " allows " + ShowGib(room.limit) + ')';
}

uint64_t AvailableMemory(const std::string& root) { return AvailableMemoryRoom(root).bytes; }

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
  constexpr double kFewestBytes = 4096;
  if (unit.empty() && number < kFewestBytes) {
    throw ConfigError("'" + text + "' would be bytes: write the unit too, as in " + text + " GiB");
  }
  const double bytes = number * UnitBytes(unit);
  constexpr double kMostBytes = 1ull << 62;
  if (bytes < 1 || bytes > kMostBytes) Refuse(text);
  return static_cast<uint64_t>(bytes);
}

}  // namespace flowtrain
