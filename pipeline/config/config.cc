#include "pipeline/config/config.h"

#include <algorithm>
#include <utility>

#include "pipeline/config/config_check.h"
#include "pipeline/config/problems.h"
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

Entry* FindEntry(Value& map, std::string_view key) {
  for (Entry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
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
    value = ReadYaml(text.substr(equals + 1), "--set");
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

std::string Config::ToYaml() const { return ToBlockYaml(merged_); }

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
  const internal::KnownKeys known(defaults, referenced);
  std::vector<Diagnostic> problems;
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
  internal::ThrowConfigError(value.at, internal::Quoted(value.ToString()) + " is not " + type +
                                           " (" + std::string(key) + ")");
}

}  // namespace flowtrain
