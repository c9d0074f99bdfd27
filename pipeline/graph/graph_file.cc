#include "pipeline/graph/graph_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "pipeline/config/find_entry.h"
#include "pipeline/config/problems.h"
#include "pipeline/graph/interpolate.h"
#include "pipeline/graph/subgraph.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 20, kMostParts = 50;

// The file that the value of `key` names, relative to the folder of the file it stands in.
std::string PathOf(const Value& value, std::string_view key) {
  std::string path;
  if (!Read(value, path) || path.empty() || internal::IsUnresolved(value)) {
    internal::ThrowConfigError(value.at,
                               std::string(key) + ": " + internal::WrongType(value, "a file name"));
  }
  return (fs::path(value.at.file).parent_path() / path).lexically_normal().string();
}

// Empty where the graph has no such key.
std::string PathUnder(const Value& graph, std::string_view key) {
  const Value* value = graph.Find(key);
  return value == nullptr ? std::string() : PathOf(*value, key);
}

std::vector<PluginFile> PluginsIn(const Value& list) {
  std::vector<PluginFile> plugins;
  std::vector<std::string> paths;
  if (!Read(list, paths)) {
    internal::ThrowConfigError(list.at,
                               "plugins: " + internal::WrongType(list, "a list of file names"));
  }
  plugins.reserve(paths.size());
  for (const std::string& path : paths) plugins.push_back({path, list.at});
  return plugins;
}

// Takes a key out of a map; null where the map has none.
std::optional<Value> TakeOut(Value& map, std::string_view key) {
  Entry* entry = FindEntry(map, key);
  if (entry == nullptr) return std::nullopt;
  Value value = std::move(entry->value);
  map.entries.erase(map.entries.begin() + (entry - map.entries.data()));
  return value;
}

// One file, with its `parameters` and `plugins` taken out and `extends` still in it.
GraphFile ReadOne(const std::string& path) {
  GraphFile file{ReadYamlFile(path), {}, {}};
  if (auto parameters = TakeOut(file.graph, "parameters")) {
    file.parameters.push_back(std::move(*parameters));
  }
  if (const auto plugins = TakeOut(file.graph, "plugins")) file.plugins = PluginsIn(*plugins);
  return file;
}

// Puts the entries of `map` over those of `base`; of those that both have as maps, down to `levels`
// further, the entries in them.
void PutOver(Value& base, Value map, int levels) {
  for (Entry& entry : map.entries) {
    Entry* below = FindEntry(base, entry.key);
    if (below == nullptr) {
      base.entries.push_back(std::move(entry));
    } else if (levels > 0 && below->value.kind == Value::Kind::kMap &&
               entry.value.kind == Value::Kind::kMap) {
      PutOver(below->value, std::move(entry.value), levels - 1);
    } else {
      *below = std::move(entry);
    }
  }
}

// What `file` says, overriding what the file it extends says.
GraphFile LayOver(GraphFile base, GraphFile file) {
  constexpr int kToKeysOfNode = 2;  // nodes > augment > in
  TakeOut(file.graph, "extends");
  base.graph.at = file.graph.at;
  PutOver(base.graph, std::move(file.graph), kToKeysOfNode);
  for (Value& parameters : file.parameters) base.parameters.push_back(std::move(parameters));
  for (PluginFile& plugin : file.plugins) base.plugins.push_back(std::move(plugin));
  return base;
}

// The graph file that a value names, relative to its own file or else to `shipped`.
std::string FileNamed(const Value& name, const char* key, const std::string& shipped) {
  const std::string path = PathOf(name, key);
  if (fs::is_regular_file(path)) return path;
  if (!shipped.empty()) {
    const fs::path there = fs::path(shipped) / name.scalar;
    if (fs::is_regular_file(there)) return there.string();
  }
  internal::ThrowConfigError(name.at, "there is no graph file " + path + " (" + key + ')');
}

// A file and those it extends.
GraphFile ReadWithBases(const std::string& path, const std::string& shipped) {
  GraphFile file = ReadOne(path);
  std::vector<fs::path> read = {fs::weakly_canonical(path)};
  while (const Value* extends = file.graph.Find("extends")) {
    const std::string base = FileNamed(*extends, "extends", shipped);
    if (read.size() == kMostFiles) {
      internal::ThrowConfigError(
          extends->at, "more than " + std::to_string(kMostFiles) + " files extend one another");
    }
    read.push_back(fs::weakly_canonical(base));
    if (std::find(read.begin(), read.end() - 1, read.back()) != read.end() - 1) {
      internal::ThrowConfigError(extends->at, base + " extends itself, by way of this file");
    }
    file = LayOver(ReadOne(base), std::move(file));
  }
  return file;
}

// `parts`: how many were read before. Counted all in all, since two in each would double them at
// every level.
GraphFile ReadWithParts(const std::string& path, const std::string& shipped, size_t& parts) {
  GraphFile file = ReadWithBases(path, shipped);
  internal::ExpandParts(file, [&](const Value& name) {
    const std::string part = FileNamed(name, "graph", shipped);
    if (parts == kMostParts) {
      internal::ThrowConfigError(name.at, "more than " + std::to_string(kMostParts) +
                                              " graphs are nodes of others; is " + part +
                                              " a node of itself?");
    }
    return ReadWithParts(part, shipped, ++parts);
  });
  return file;
}

}  // namespace

GraphFile ReadGraphFile(const std::string& path, const std::string& shipped) {
  size_t parts = 0;
  return ReadWithParts(path, shipped, parts);
}

Config DefaultParameters(const GraphFile& file) {
  Config config(DefaultConfigPath(file.graph));
  for (const Value& parameters : file.parameters) config.Overlay(parameters);
  return config;
}

std::string DefaultConfigPath(const Value& graph) { return PathUnder(graph, "config"); }

std::string SampleConfigPath(const Value& graph) { return PathUnder(graph, "sample_config"); }

}  // namespace flowtrain
