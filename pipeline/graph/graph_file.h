// A graph file together with those it extends, and the files it names.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/config/value.h"

namespace flowtrain {

struct GraphFile {
  Value graph;                    // what LoadGraph takes
  std::vector<Value> parameters;  // maps over the graph's default parameters, lowest first
};

// Reads a graph file. Two of its keys are put into effect here, and are not in the result's graph:
//   extends: base.yaml     a graph file, relative to this one's folder. All that it says holds but
//                          for the `graph`, `config` and `sample_config` given here; resources,
//                          nodes and pools are the base's.
//   parameters: {…}        parameters laid over the defaults (and over those of the base)
// Throws ConfigError for a file that cannot be read, keys that have no place beside `extends`, and
// files that extend each other.
GraphFile ReadGraphFile(const std::string& path);

// The graph's own parameters: its default file (`config`), and over it `parameters`. Throws
// ConfigError for a file that cannot be read and for `parameters` that are no map.
Config DefaultParameters(const GraphFile& file);

// Where the graph's file says the defaults of its parameters are (`config`), and the parameters for
// a look at the built-in data (`sample_config`): paths that can be opened, or empty where the graph
// names none. Throws ConfigError for a value that is no file name.
std::string DefaultConfigPath(const Value& graph);
std::string SampleConfigPath(const Value& graph);

}  // namespace flowtrain
