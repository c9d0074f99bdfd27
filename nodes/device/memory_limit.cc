#include "nodes/device/memory_limit.h"

#include <algorithm>
#include <charconv>

#include "pipeline/base/error.h"
#include "pipeline/base/memory_budget.h"

namespace flowtrain {

double MemoryFraction(const std::string& limit, size_t total_bytes, const std::string& name) {
  if (limit.empty()) return 1;
  double fraction = 0;
  const char* end = limit.data() + limit.size();
  const auto [stop, error] = std::from_chars(limit.data(), end, fraction);
  if (error == std::errc() && stop == end && fraction > 0 && fraction <= 1) return fraction;
  try {
    const auto bytes = static_cast<double>(ParseMemorySize(limit, total_bytes));
    return std::min(1.0, bytes / static_cast<double>(total_bytes));
  } catch (const ConfigError&) {
    throw ConfigError(name + " is '" + limit +
                      "'; it takes a fraction (0.5), a share (50%) or an amount (12 GiB)");
  }
}

std::optional<size_t> DefaultMemoryLimit(const RoomAtStart& room) {
  constexpr size_t kMebibyte = size_t{1} << 20;
  constexpr size_t kWorthALimit = 64 * kMebibyte;  // a driver without a program shows less
  constexpr size_t kLeastReserve = 512 * kMebibyte, kReservedShare = 20;
  if (!room.wsl && room.used_bytes.value_or(0) < kWorthALimit) return std::nullopt;
  const size_t free = room.Free();
  const size_t reserve = std::max(kLeastReserve, room.total_bytes / kReservedShare);
  return std::max(free > reserve ? free - reserve : 0, free / 2);
}

}  // namespace flowtrain
