#include "pipeline/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pipeline/base/text/suggest.h"
#include "pipeline/config/scalars.h"

namespace flowtrain::internal {
namespace {

auto SortKey(const Diagnostic& diagnostic) {
  const Position& at = diagnostic.at;
  return std::tie(at.file, at.line, at.column, diagnostic.message);
}

}  // namespace

void Problems::Add(Position at, std::string message) {
  diagnostics_.push_back({std::move(at), std::move(message)});
}

void Problems::Add(std::vector<Diagnostic> diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) diagnostics_.push_back(std::move(diagnostic));
}

void Problems::AddWrong(const Value& value, const std::string& key, const std::string& wrong) {
  const std::string& parameter = value.parameter;
  if (!parameter.empty() && !wrong_.insert(parameter + ' ' + value.at.ToString()).second) return;
  Add(value.at, (parameter.empty() ? key : parameter) + ": " + wrong);
}

void Problems::ThrowIfAny() {
  if (diagnostics_.empty()) return;
  std::sort(diagnostics_.begin(), diagnostics_.end(),
            [](const auto& a, const auto& b) { return SortKey(a) < SortKey(b); });
  const auto same = [](const auto& a, const auto& b) { return SortKey(a) == SortKey(b); };
  diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end(), same),
                     diagnostics_.end());
  throw ConfigError(std::move(diagnostics_));
}

void ThrowConfigError(Position at, std::string message) {
  std::vector<Diagnostic> diagnostics;
  diagnostics.push_back({std::move(at), std::move(message)});
  throw ConfigError(std::move(diagnostics));
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMostShown = 200;
  std::string quoted(1, '\'');
  size_t shown = std::min(text.size(), kMostShown);
  // Not within a UTF-8 character.
  while (shown < text.size() && shown > 0 && (text[shown] & 0xC0) == 0x80) --shown;
  quoted += text.substr(0, shown);
  if (shown < text.size()) quoted += "…";
  quoted += '\'';
  return quoted;
}

std::string WrongType(const Value& value, const std::string& wanted) {
  const bool is_integer = wanted.rfind("an integer", 0) == 0;
  const bool is_number = wanted.rfind("a number", 0) == 0;
  if ((is_integer && IsTooLargeAnInteger(value)) || (is_number && IsTooLargeANumber(value))) {
    return Quoted(value.ToString()) + " is too large; it takes " + wanted;
  }
  if (value.kind != Value::Kind::kNull) return Quoted(value.ToString()) + " is not " + wanted;
  if (value.scalar.empty()) return "no value is given; it takes " + wanted;
  return Quoted(value.scalar) + " means no value in YAML; it takes " + wanted +
         " (for the text, put it in quotes)";
}

void CheckKeys(const Value& map, const std::vector<std::string>& known, std::string_view owner,
               Problems& problems) {
  for (const Entry& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    std::string hint = DidYouMean(entry.key, known);
    if (hint.empty()) hint = "; known are " + JoinNames(known);
    problems.Add(entry.at, "unknown key " + Quoted(entry.key) + ' ' + std::string(owner) + hint);
  }
}

}  // namespace flowtrain::internal
