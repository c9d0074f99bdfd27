// A graph file together with those it extends, and the files it names.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/config/value.h"

namespace flowtrain {

// A library with node types that the graph names.
struct PluginFile {
  std::string path;  // relative to the folder of the graph file that names it
  Position at;
};

struct GraphFile {
  Value graph;                    // what LoadGraph takes
  std::vector<Value> parameters;  // maps that override the graph's default parameters, lowest first
  std::vector<PluginFile> plugins;
};

// Reads a graph file. Some of its keys are applied here, and are not in the resulting graph:
//   extends: base.yaml     a graph file, relative to this one's folder or else to `shipped`.
//                          Everything in it holds except what is given here: the other keys of a
//                          graph, and keys of its pools, limits, resources and nodes
//                          (`nodes: {augment: {in: inverted}}`)
//   parameters: {…}        parameters that override the defaults (and those of the base)
//   plugins: [./libmine.so]  libraries with node types, for LoadPlugins; those of the base too
//   nodes: {load: {graph: load.yaml, in: ids, out: rows}}   a graph as a node (subgraph.h)
// Throws ConfigError for a file that cannot be read, keys that do not belong beside `extends`, and
// files that extend each other.
GraphFile ReadGraphFile(const std::string& path, const std::string& shipped = "");

// The graph's own parameters: its default file (`config`), overridden by `parameters`. Throws
// ConfigError for a file that cannot be read and for `parameters` that are not a map.
Config DefaultParameters(const GraphFile& file);

// The files that the graph names for the defaults of its parameters (`config`) and for parameters
// for a first look at the built-in data (`sample_config`): paths that can be opened, or empty where
// the graph names none. Throws ConfigError for a value that is not a file name.
std::string DefaultConfigPath(const Value& graph);
std::string SampleConfigPath(const Value& graph);

}  // namespace flowtrain
