#include "pipeline/node/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "pipeline/base/text/suggest.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/yaml_write.h"

namespace flowtrain {
namespace {

template <typename T>
std::string ShowNumber(T value) {
  const double size = std::abs(static_cast<double>(value));
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e15);
  char buffer[64];
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  return {buffer, end.ptr};
}

template <typename T>
std::string ShowList(const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ", ") + Show(item);
  return '[' + text + ']';
}

}  // namespace

std::string CheckBound(double value, const AtLeast& bound) {
  if (value >= bound.low) return {};
  return "must be at least " + Show(bound.low) + ", not " + Show(value);
}

std::string CheckBound(double value, const Between& bound) {
  if (value >= bound.low && value <= bound.high) return {};
  return "must be between " + Show(bound.low) + " and " + Show(bound.high) + ", not " + Show(value);
}

std::string CheckBound(double value, const Odd&) {
  if (std::fmod(value, 2) != 0) return {};
  return "must be odd, not " + Show(value);
}

std::string CheckRange(const std::vector<double>& value, const PositiveRange&) {
  if (value.size() == 2 && value[0] > 0 && value[0] <= value[1]) return {};
  return "must be [low, high] with 0 < low <= high, not " + Show(value);
}

std::string CheckChoice(const std::string& value, const OneOf& choice) {
  const auto& names = choice.names;
  if (std::find(names.begin(), names.end(), value) != names.end()) return {};
  return internal::Quoted(value) + " is not one of " + JoinNames(names) + DidYouMean(value, names);
}

std::string BoundText(const AtLeast& bound) { return ">= " + Show(bound.low); }

std::string BoundText(const Between& bound) { return Show(bound.low) + " to " + Show(bound.high); }

std::string BoundText(const Odd&) { return "odd"; }

std::string BoundText(const PositiveRange&) { return "0 < low <= high"; }

std::string BoundText(const OneOf& choice) { return "one of " + JoinNames(choice.names); }

void Narrow(OptionForm& form, const AtLeast& bound) { form.least = bound.low; }

void Narrow(OptionForm& form, const Between& bound) {
  form.least = bound.low;
  form.most = bound.high;
}

void Narrow(OptionForm& form, const Odd&) { form.odd = true; }

void Narrow(OptionForm& form, const PositiveRange&) { form.positive = true; }

void Narrow(OptionForm& form, const OneOf& choice) { form.names = choice.names; }

std::string Show(bool value) { return value ? "true" : "false"; }

std::string Show(int64_t value) { return std::to_string(value); }

std::string Show(double value) {
  // A float default arrives widened: it is shown as the float it was, 0.2 and not 0.200000003.
  const bool fits = std::abs(value) <= std::numeric_limits<float>::max();
  if (fits && static_cast<double>(static_cast<float>(value)) == value) {
    return ShowNumber(static_cast<float>(value));
  }
  return ShowNumber(value);
}

std::string Show(const std::string& value) { return ToYamlScalar(value); }

std::string Show(const std::vector<std::string>& value) { return ShowList(value); }

std::string Show(const std::vector<double>& value) { return ShowList(value); }

std::string internal::WrongType(const Value& value, const char* type_name) {
  return WrongType(value, std::string(type_name));
}

}  // namespace flowtrain
