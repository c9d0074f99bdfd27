#include "pipeline/config/value.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <system_error>

#include "pipeline/config/scalars.h"
#include "pipeline/config/yaml_write.h"

namespace flowtrain {
namespace {

// The whole text must be the number. Locale-free, unlike strtod.
template <typename T>
bool ReadNumber(const Value& value, T& out) {
  if (value.kind != Value::Kind::kScalar || value.quoted) return false;
  const char* end = value.scalar.data() + value.scalar.size();
  T parsed{};
  const auto [stop, error] = std::from_chars(value.scalar.data(), end, parsed);
  if (error != std::errc() || stop != end) return false;
  out = parsed;
  return true;
}

// 012 is ten in YAML 1.1 and twelve in YAML 1.2.
bool HasLeadingZero(std::string_view digits) {
  if (!digits.empty() && digits[0] == '-') digits.remove_prefix(1);
  return digits.size() > 1 && digits[0] == '0';
}

template <typename T>
bool ReadItems(const std::vector<Value>& items, std::vector<T>& out) {
  std::vector<T> parsed(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    if (!Read(items[i], parsed[i])) return false;
  }
  out = std::move(parsed);
  return true;
}

}  // namespace

bool IsNullWord(std::string_view text) {
  return text == "~" || text == "null" || text == "Null" || text == "NULL";
}

const Value* Value::Find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const char* Value::KindName() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "?";
}

std::string Value::ToString() const { return ToFlowYaml(*this); }

bool Read(const Value& value, bool& out) {
  if (value.kind != Value::Kind::kScalar || value.quoted) return false;
  if (value.scalar != "true" && value.scalar != "false") return false;
  out = value.scalar == "true";
  return true;
}

bool Read(const Value& value, int64_t& out) {
  return !HasLeadingZero(value.scalar) && ReadNumber(value, out);
}

bool Read(const Value& value, int& out) {
  return !HasLeadingZero(value.scalar) && ReadNumber(value, out);
}

bool Read(const Value& value, double& out) {
  double parsed = 0;
  if (!ReadNumber(value, parsed) || !std::isfinite(parsed)) return false;
  out = parsed;
  return true;
}

bool Read(const Value& value, float& out) {
  double parsed = 0;
  if (!Read(value, parsed)) return false;
  if (std::abs(parsed) > std::numeric_limits<float>::max()) return false;
  out = static_cast<float>(parsed);
  return true;
}

bool Read(const Value& value, std::string& out) {
  if (value.kind != Value::Kind::kScalar) return false;
  out = value.scalar;
  return true;
}

bool Read(const Value& value, std::vector<std::string>& out) {
  if (value.kind == Value::Kind::kScalar) {
    out = {value.scalar};
    return true;
  }
  return value.kind == Value::Kind::kList && ReadItems(value.items, out);
}

bool Read(const Value& value, std::vector<double>& out) {
  return value.kind == Value::Kind::kList && ReadItems(value.items, out);
}

bool IsTooLargeAnInteger(const Value& value) {
  if (value.kind != Value::Kind::kScalar || value.quoted) return false;
  const std::string_view digits =
      std::string_view(value.scalar).substr(value.scalar.rfind('-', 0) == 0 ? 1 : 0);
  return !digits.empty() && !HasLeadingZero(digits) &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsTooLargeANumber(const Value& value) {
  if (value.kind != Value::Kind::kScalar || value.quoted) return false;
  const char* end = value.scalar.data() + value.scalar.size();
  double parsed = 0;
  const auto [stop, error] = std::from_chars(value.scalar.data(), end, parsed);
  const bool out_of_range = error == std::errc::result_out_of_range && stop == end;
  return out_of_range && std::isinf(std::strtod(value.scalar.c_str(), nullptr));
}

}  // namespace flowtrain
