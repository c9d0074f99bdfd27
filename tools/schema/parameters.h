// What the components of a graph say of the parameters that they read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/graph/graph_file.h"
#include "tools/schema/option_schema.h"

namespace flowtrain {

class Registry;

namespace internal {

struct Parameter {
  Json schema;        // without a description; of several readers, the narrowest
  std::string type;   // "an integer"
  std::string bound;  // ">= 1", "one of a, b"; empty without one
  std::vector<std::string> meanings = {};  // a sentence of each reader that says something else
  std::vector<std::string> readers = {};   // "PinnedStage", "ImageDataset.sample_size", "the graph"
};

// By dotted key.
using Parameters = std::map<std::string, Parameter>;

// Adds the parameters of the graph in the file `name`, which is found as Load finds it. Throws
// ConfigError as Load does.
void AddParametersOf(const std::string& name, const Registry& registry, Parameters& parameters);

// The sentences of all readers, one after the other.
std::string Meaning(const Parameter& parameter);

}  // namespace internal
}  // namespace flowtrain
