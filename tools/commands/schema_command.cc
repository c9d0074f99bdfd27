// `flowtrain schema`: the JSON schemas of graphs and parameter files, and the pages of docs/reference.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/load/find_file.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> ShippedGraphs() {
  std::vector<std::string> graphs;
  for (const auto& entry : fs::directory_iterator(fs::path(ShippedFolder()) / "graphs")) {
    if (entry.path().extension() == ".yaml") graphs.push_back(entry.path());
  }
  std::sort(graphs.begin(), graphs.end());
  return graphs;
}

}  // namespace

Command AddSchema(CLI::App& app) {
  CLI::App* schema = app.add_subcommand(
      "schema",
      "Print the JSON schema of graphs or of parameter files, for editors; or a reference");
  const auto kind = std::make_shared<std::string>();
  schema->add_option("KIND", *kind, "graph, or config: parameter files")
      ->required()
      ->check(CLI::IsMember({"graph", "config"}));
  const auto graphs = std::make_shared<std::vector<std::string>>();
  schema
      ->add_option("--graph", *graphs,
                   "config: the graph whose parameters they are, in place of those that ship; "
                   "may be repeated")
      ->type_name("FILE");
  const auto markdown = std::make_shared<bool>(false);
  schema->add_flag("--markdown", *markdown, "A page to read, with every type or parameter");
  return {schema, [kind, graphs, markdown](StopSignals&) {
            const Registry& registry = Registry::Global();
            if (*kind == "graph") {
              if (!graphs->empty()) {
                throw ConfigError("--graph belongs to: flowtrain schema config");
              }
              std::cout << (*markdown ? NodeReference(registry) : GraphSchema(registry));
              return ExitCode::kDone;
            }
            const std::vector<std::string> named = graphs->empty() ? ShippedGraphs() : *graphs;
            std::cout << (*markdown ? ParameterReference(named, registry)
                                    : ParameterSchema(named, registry));
            return ExitCode::kDone;
          }};
}

}  // namespace flowtrain
