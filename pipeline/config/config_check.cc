#include "pipeline/config/config_check.h"

#include <algorithm>

#include "pipeline/base/text/suggest.h"
#include "pipeline/config/problems.h"

namespace flowtrain::internal {
namespace {

bool HasReference(const Value& value) {
  if (value.kind == Value::Kind::kScalar) return value.scalar.find("${") != std::string::npos;
  return std::any_of(value.items.begin(), value.items.end(), HasReference) ||
         std::any_of(value.entries.begin(), value.entries.end(),
                     [](const Entry& entry) { return HasReference(entry.value); });
}

}  // namespace

KnownKeys::KnownKeys(const std::vector<std::string>& defaults,
                     const std::vector<std::string>& referenced,
                     const std::vector<std::string>& paths)
    : paths_(paths.begin(), paths.end()) {
  for (const auto* keys : {&defaults, &referenced}) {
    for (const std::string& key : *keys) {
      if (!key_set_.insert(key).second) continue;
      keys_.push_back(key);
      for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
        groups_.insert(key.substr(0, dot));
      }
    }
  }
}

void KnownKeys::CheckLayer(const Value& layer, std::vector<Diagnostic>& problems) const {
  CheckGroup(layer, "", problems);
}

void KnownKeys::CheckGroup(const Value& group, const std::string& prefix,
                           std::vector<Diagnostic>& problems) const {
  for (const Entry& entry : group.entries) CheckEntry(entry, prefix + entry.key, problems);
}

void KnownKeys::CheckEntry(const Entry& entry, const std::string& key,
                           std::vector<Diagnostic>& problems) const {
  const Value& value = entry.value;
  if (groups_.count(key) != 0) {
    if (value.kind == Value::Kind::kMap) {
      CheckGroup(value, key + '.', problems);
    } else if (value.kind != Value::Kind::kNull || !value.scalar.empty()) {
      problems.push_back({value.at, Quoted(key) + " is a group of parameters (" + KeysOf(key) +
                                        "), it cannot be " + Quoted(value.ToString())});
    }
    return;
  }
  if (key_set_.count(key) == 0) {
    problems.push_back(
        {entry.at, "unknown parameter " + Quoted(key) + Suggest(key) + OthersOf(key)});
  } else if (value.kind == Value::Kind::kMap) {
    problems.push_back(
        {entry.at, "parameter " + Quoted(key) + " is a value, not a group of parameters"});
  } else if (paths_.count(key) == 0 && HasReference(value)) {
    problems.push_back({value.at, "parameter " + Quoted(key) +
                                      " cannot refer to another one (${…} " +
                                      "belongs in a graph)"});
  }
}

std::string KnownKeys::Suggest(std::string_view key) const {
  std::vector<std::string> candidates = keys_;
  candidates.insert(candidates.end(), groups_.begin(), groups_.end());
  const std::string nearest = DidYouMean(key, candidates);
  if (!nearest.empty()) return nearest;
  // The group was left out, or another was given: "num_workers" or "train.num_workers".
  const size_t dot = key.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? key : key.substr(dot + 1);
  std::string found;
  for (const std::string& candidate : keys_) {
    if (!candidate.ends_with('.' + std::string(last))) continue;
    found += (found.empty() ? "" : " or ") + Quoted(candidate);
  }
  return found.empty() ? found : "; did you mean " + found + "?";
}

std::string KnownKeys::OthersOf(const std::string& key) const {
  const size_t dot = key.rfind('.');
  const std::string group = dot == std::string::npos ? "" : key.substr(0, dot);
  const std::string start = group.empty() ? "" : group + '.';
  std::vector<std::string> names;
  for (const std::string& known : keys_) {
    if (known.compare(0, start.size(), start) != 0) continue;
    const std::string name =
        known.substr(start.size(), known.find('.', start.size()) - start.size());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return {};
  return " (" + (group.empty() ? "known are " : group + " has ") + JoinNames(names) + ')';
}

std::string KnownKeys::KeysOf(const std::string& group) const {
  constexpr size_t kShown = 3;
  std::vector<std::string> names;
  for (const std::string& key : keys_) {
    if (key.compare(0, group.size() + 1, group + '.') != 0) continue;
    if (names.size() == kShown) {
      names.push_back("…");
      break;
    }
    names.push_back(key);
  }
  return JoinNames(names);
}

}  // namespace flowtrain::internal
