#include "pipeline/config/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pipeline/base/text/suggest.h"

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

std::string TakenBy(const std::string& what, const Position& graph_at, const Position& value_at) {
  if (graph_at.file == value_at.file) return " (" + what + ')';
  return " (" + what + ", " + graph_at.file + ':' + std::to_string(graph_at.line) + ')';
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
