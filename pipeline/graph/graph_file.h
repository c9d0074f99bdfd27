// A graph file together with those it extends, and the files it names.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/config/value.h"

namespace flowtrain {

struct GraphFile {
  Value graph;                    // what LoadGraph takes
  std::vector<Value> parameters;  // maps that override the graph's default parameters, lowest first
};

// Reads a graph file. Two of its keys are applied here, and are not in the resulting graph:
//   extends: base.yaml     a graph file, relative to this one's folder. Everything in it holds
//                          except the `graph`, `config` and `sample_config` given here; resources,
//                          nodes and pools are the base's.
//   parameters: {…}        parameters that override the defaults (and those of the base)
// Throws ConfigError for a file that cannot be read, keys that do not belong beside `extends`, and
// files that extend each other.
GraphFile ReadGraphFile(const std::string& path);

// The graph's own parameters: its default file (`config`), overridden by `parameters`. Throws
// ConfigError for a file that cannot be read and for `parameters` that are not a map.
Config DefaultParameters(const GraphFile& file);

// The files that the graph names for the defaults of its parameters (`config`) and for parameters
// for a first look at the built-in data (`sample_config`): paths that can be opened, or empty where
// the graph names none. Throws ConfigError for a value that is not a file name.
std::string DefaultConfigPath(const Value& graph);
std::string SampleConfigPath(const Value& graph);

}  // namespace flowtrain
