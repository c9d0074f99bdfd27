#include "pipeline/base/text/units.h"

#include <cinttypes>
#include <cmath>
#include <cstdio>

namespace flowtrain {
namespace {

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char text[64];
  std::snprintf(text, sizeof(text), format, args...);
  return text;
}

// "4 min 05 s": two neighbouring units, the smaller with two digits.
std::string TwoUnits(uint64_t large, const char* large_unit, uint64_t small,
                     const char* small_unit) {
  return Print("%" PRIu64 " %s %02" PRIu64 " %s", large, large_unit, small, small_unit);
}

}  // namespace

std::string ShowFixed(double value, int digits) { return Print("%.*f", digits, value); }

std::string ShowNumber(double value) { return Print("%g", value); }

std::string ShowCount(uint64_t value) {
  std::string digits = std::to_string(value);
  for (size_t from_right = 3; from_right < digits.size(); from_right += 4) {
    digits.insert(digits.size() - from_right, 1, ',');
  }
  return digits;
}

std::string ShowCount(uint64_t n, const char* one) {
  return ShowCount(n) + ' ' + one + (n == 1 ? "" : "s");
}

std::string ShowGib(size_t bytes) {
  constexpr double kMib = 1024.0 * 1024.0;
  const double mib = static_cast<double>(bytes) / kMib;
  return mib < 1023.5 ? Print("%.0f MiB", mib) : Print("%.1f GiB", mib / 1024.0);
}

std::string ShowPercent(double share) { return Print("%.1f%%", 100.0 * share); }

std::string ShowDuration(double seconds) {
  if (seconds < 59.95) return Print("%.1f s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 3600) return TwoUnits(whole / 60, "min", whole % 60, "s");
  if (whole < 86400) return TwoUnits(whole / 3600, "h", whole % 3600 / 60, "min");
  return TwoUnits(whole / 86400, "d", whole % 86400 / 3600, "h");
}

std::string ShowRate(double per_second) {
  if (per_second >= 99.95) return Print("%.0f", per_second);
  return per_second >= 9.995 ? Print("%.1f", per_second) : Print("%.2f", per_second);
}

std::string ShowScientific(double value) { return Print("%.2e", value); }

}  // namespace flowtrain
