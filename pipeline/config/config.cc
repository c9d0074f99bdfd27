#include "pipeline/config/config.h"

#include <algorithm>
#include <map>
#include <utility>

#include "pipeline/config/config_check.h"
#include "pipeline/config/find_entry.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/scalars.h"
#include "pipeline/config/yaml_write.h"

namespace flowtrain {
namespace {

constexpr int kMostDots = 10;  // of a key; each nests one map in another

Value EmptyMap(const Position& at) {
  Value map;
  map.kind = Value::Kind::kMap;
  map.at = at;
  return map;
}

// Merges `over` into `base`. Where a group meets a single value, `base` stays: Problems reports it.
void Merge(const Value& over, Value& base) {
  for (const Entry& entry : over.entries) {
    Entry* below = FindEntry(base, entry.key);
    const bool group_above = entry.value.kind == Value::Kind::kMap;
    if (below == nullptr) {
      base.entries.push_back({entry.key, entry.at, group_above ? EmptyMap(entry.at) : entry.value});
      if (group_above) Merge(entry.value, base.entries.back().value);
      continue;
    }
    const bool group_below = below->value.kind == Value::Kind::kMap;
    if (group_below && group_above) {
      Merge(entry.value, below->value);
    } else if (!group_below && (!group_above || below->value.kind == Value::Kind::kNull)) {
      *below = entry;
    }
  }
}

// The same parameters without dots in keys: {a.b: 1} becomes {a: {b: 1}}. A group may occur in the
// result more than once.
Value SplitDottedKeys(const Value& map) {
  Value split = EmptyMap(map.at);
  for (const Entry& entry : map.entries) {
    Entry part = entry;
    if (entry.value.kind == Value::Kind::kMap) part.value = SplitDottedKeys(entry.value);
    if (std::count(part.key.begin(), part.key.end(), '.') > kMostDots) {
      internal::ThrowConfigError(entry.at, "the key " + internal::Quoted(entry.key) +
                                               " has more than " + std::to_string(kMostDots) +
                                               " dots");
    }
    for (size_t dot = part.key.rfind('.'); dot != std::string::npos; dot = part.key.rfind('.')) {
      Value group = EmptyMap(entry.at);
      const std::string outer = part.key.substr(0, dot);
      group.entries.push_back({part.key.substr(dot + 1), entry.at, std::move(part.value)});
      part = Entry{outer, entry.at, std::move(group)};
    }
    split.entries.push_back(std::move(part));
  }
  return split;
}

// Adds a finding for each value of a layer that is there twice, however its key is written: with
// dots or as groups in one another. `seen` has the places of those so far.
void FindDuplicates(const Value& map, const std::string& prefix,
                    std::map<std::string, Position>& seen, std::vector<Diagnostic>& found) {
  for (const Entry& entry : map.entries) {
    const std::string key = prefix + entry.key;
    if (entry.value.kind == Value::Kind::kMap) {
      FindDuplicates(entry.value, key + '.', seen, found);
    } else if (const auto [first, is_new] = seen.emplace(key, entry.at); !is_new) {
      found.push_back({entry.at, "parameter " + internal::Quoted(key) +
                                     " is given twice (first in line " +
                                     std::to_string(first->second.line) + ")"});
    }
  }
}

void CollectKeys(const Value& map, const std::string& prefix, std::vector<std::string>& keys) {
  for (const Entry& entry : map.entries) {
    const std::string key = prefix + entry.key;
    if (entry.value.kind == Value::Kind::kMap) {
      CollectKeys(entry.value, key + '.', keys);
    } else {
      keys.push_back(key);
    }
  }
}

void MoveTo(Value& value, const Position& at) {
  value.at = at;
  for (Value& item : value.items) MoveTo(item, at);
  for (Entry& entry : value.entries) {
    entry.at = at;
    MoveTo(entry.value, at);
  }
}

// Without the dotted key.
void Erase(std::string_view key, Value& map) {
  const size_t dot = key.find('.');
  Entry* found = FindEntry(map, key.substr(0, dot));
  if (found == nullptr) return;
  if (dot != std::string_view::npos) {
    Erase(key.substr(dot + 1), found->value);
  } else {
    map.entries.erase(map.entries.begin() + (found - map.entries.data()));
  }
}

// On a command line only what cannot be plain text is YAML: in a path '#' and ': ' are characters
// as any other.
bool BeginsYaml(std::string_view text) {
  return !text.empty() && std::string_view("[{\"'").find(text.front()) != std::string_view::npos;
}

bool IsYaml(const std::string& text) {
  try {
    ReadYaml(text, "--set");
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

Value ReadSetValue(const std::string& text) {
  if (IsNullWord(text)) return ReadYaml(text, "--set");
  if (!BeginsYaml(text)) return PlainScalar(text, "--set");
  Value value = ReadYaml(text, "--set");
  // If even a quote without an end changes nothing, it is in a comment, and so is what is before it.
  if (IsYaml(text + '"')) {
    throw ConfigError("cut off at '#', which begins a comment: put the text around it in quotes");
  }
  return value;
}

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Config::Config(const std::string& default_path)
    : Config(default_path.empty() ? EmptyMap({}) : ReadYamlFile(default_path)) {}

Config::Config(Value defaults) {
  Put(defaults);
  default_keys_ = Keys();
}

void Config::Overlay(const Value& map) { Put(map); }

void Config::OverlayFile(const std::string& path) { Put(ReadYamlFile(path)); }

void Config::Set(const std::string& text) {
  const Position at{"--set", 0, 0};
  const size_t equals = text.find('=');
  const std::string key = equals == std::string::npos ? "" : Trim(text.substr(0, equals));
  if (key.empty())
    internal::ThrowConfigError(at, internal::Quoted(text) + " is not of the form key=value");
  Value value;
  try {
    value = ReadSetValue(Trim(text.substr(equals + 1)));
  } catch (const ConfigError& error) {
    internal::ThrowConfigError(at, "the value of " + internal::Quoted(text) + " is " +
                                       error.diagnostics().front().message);
  }
  MoveTo(value, at);
  Value map = EmptyMap(at);
  map.entries.push_back({key, at, std::move(value)});
  Put(map);
}

void Config::Put(const Value& map) {
  if (map.kind == Value::Kind::kNull) return;  // a file with only comments
  if (map.kind != Value::Kind::kMap) {
    internal::ThrowConfigError(
        map.at, std::string("parameters must be a map of keys and values, not ") + map.KindName());
  }
  layers_.push_back(SplitDottedKeys(map));
  std::map<std::string, Position> seen;
  FindDuplicates(layers_.back(), "", seen, duplicates_);
  merged_.kind = Value::Kind::kMap;
  Merge(layers_.back(), merged_);
}

const Value* Config::Find(std::string_view key) const {
  const Value* found = &merged_;
  while (found != nullptr) {
    const size_t dot = key.find('.');
    found = found->Find(key.substr(0, dot));
    if (dot == std::string_view::npos) return found;
    key.remove_prefix(dot + 1);
  }
  return nullptr;
}

std::vector<std::string> Config::Keys() const {
  std::vector<std::string> keys;
  CollectKeys(merged_, "", keys);
  return keys;
}

std::string Config::ToYaml(const std::vector<std::string>& without) const {
  Value map = merged_;
  for (const std::string& key : without) Erase(key, map);
  return ToBlockYaml(map);
}

std::vector<Diagnostic> Config::Problems(const std::vector<std::string>& referenced,
                                         const std::vector<std::string>& sections,
                                         const std::vector<std::string>& laid_over) const {
  std::vector<std::string> defaults = default_keys_;
  std::erase_if(defaults, [&](const std::string& key) {
    if (std::find(laid_over.begin(), laid_over.end(), key) != laid_over.end()) return false;
    return std::any_of(sections.begin(), sections.end(), [&](const std::string& section) {
      return key.compare(0, section.size() + 1, section + '.') == 0;
    });
  });
  const internal::KnownKeys known(defaults, referenced, paths_);
  std::vector<Diagnostic> problems = duplicates_;
  for (const Value& layer : layers_) known.CheckLayer(layer, problems);
  return problems;
}

void Config::Check(const std::vector<std::string>& referenced) const {
  std::vector<Diagnostic> problems = Problems(referenced);
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

std::string Config::Suggest(std::string_view key) const {
  return internal::KnownKeys(default_keys_.empty() ? Keys() : default_keys_, {}).Suggest(key);
}

void Config::ThrowMissing(std::string_view key) {
  throw ConfigError("parameter " + internal::Quoted(key) + " is missing in the configuration");
}

void Config::ThrowWrongType(std::string_view key, const Value& value, const char* type) {
  internal::ThrowConfigError(value.at, std::string(key) + ": " + internal::WrongType(value, type));
}

}  // namespace flowtrain
