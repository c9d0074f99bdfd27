#include "pipeline/graph/graph_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "pipeline/config/problems.h"
#include "pipeline/graph/interpolate.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 20;

// The file named under `key`, relative to the folder of the file that names it; empty where the
// graph has no such key.
std::string PathUnder(const Value& graph, std::string_view key) {
  const Value* value = graph.Find(key);
  if (value == nullptr) return {};
  std::string path;
  if (!Read(*value, path) || path.empty() || internal::IsUnresolved(*value)) {
    internal::ThrowConfigError(
        value->at, std::string(key) + ": " + internal::WrongType(*value, "a file name"));
  }
  return (fs::path(value->at.file).parent_path() / path).lexically_normal().string();
}

auto FindEntry(Value& map, std::string_view key) {
  return std::find_if(map.entries.begin(), map.entries.end(),
                      [key](const Entry& entry) { return entry.key == key; });
}

// One file, with its `parameters` taken out and `extends` still in it.
GraphFile ReadOne(const std::string& path) {
  GraphFile file{ReadYamlFile(path), {}};
  if (file.graph.Find("extends") != nullptr) {
    internal::Problems problems;
    internal::CheckKeys(file.graph, {"extends", "graph", "config", "sample_config", "parameters"},
                        "of a graph that extends another", problems);
    problems.ThrowIfAny();
  }
  if (const auto entry = FindEntry(file.graph, "parameters"); entry != file.graph.entries.end()) {
    file.parameters.push_back(std::move(entry->value));
    file.graph.entries.erase(entry);
  }
  return file;
}

// What `file` says, overriding what the file it extends says.
GraphFile LayOver(GraphFile base, GraphFile file) {
  for (Entry& entry : file.graph.entries) {
    if (entry.key == "extends") continue;
    if (const auto below = FindEntry(base.graph, entry.key); below != base.graph.entries.end()) {
      *below = std::move(entry);
    } else {
      base.graph.entries.push_back(std::move(entry));
    }
  }
  base.graph.at = file.graph.at;
  for (Value& parameters : file.parameters) base.parameters.push_back(std::move(parameters));
  return base;
}

}  // namespace

GraphFile ReadGraphFile(const std::string& path) {
  GraphFile file = ReadOne(path);
  std::vector<fs::path> read = {fs::weakly_canonical(path)};
  while (const Value* extends = file.graph.Find("extends")) {
    const std::string base = PathUnder(file.graph, "extends");
    if (!fs::is_regular_file(base)) {
      internal::ThrowConfigError(extends->at, "there is no graph file " + base + " (extends)");
    }
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

Config DefaultParameters(const GraphFile& file) {
  Config config(DefaultConfigPath(file.graph));
  for (const Value& parameters : file.parameters) config.Overlay(parameters);
  return config;
}

std::string DefaultConfigPath(const Value& graph) { return PathUnder(graph, "config"); }

std::string SampleConfigPath(const Value& graph) { return PathUnder(graph, "sample_config"); }

}  // namespace flowtrain
