// JSON schemas (draft 07) of the files that people write, made from the declarations of the node
// types: an editor completes and checks graphs and parameter files by them. And the same as pages
// of Markdown, to read.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

class Registry;

// Of graph files: every type that `registry` knows, with its options.
std::string GraphSchema(const Registry& registry);

// Of parameter files (a graph's `config`, --config): the parameters of all `graphs`, files that
// Load finds. Throws ConfigError as Load does.
std::string ParameterSchema(const std::vector<std::string>& graphs, const Registry& registry);

// docs/reference: every type that `registry` knows, and the parameters of all `graphs` with the
// defaults of their files.
std::string NodeReference(const Registry& registry);
std::string ParameterReference(const std::vector<std::string>& graphs, const Registry& registry);

}  // namespace flowtrain
