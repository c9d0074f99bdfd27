// `flowtrain schema`: the JSON schemas of graphs and parameter files.

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
      "schema", "Print the JSON schema of graphs or of parameter files, for editors");
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
  return {schema, [kind, graphs](StopSignals&) {
            if (*kind == "graph" && !graphs->empty()) {
              throw ConfigError("--graph belongs to: flowtrain schema config");
            }
            std::cout << (*kind == "graph"
                              ? GraphSchema(Registry::Global())
                              : ParameterSchema(graphs->empty() ? ShippedGraphs() : *graphs,
                                                Registry::Global()));
            return ExitCode::kDone;
          }};
}

}  // namespace flowtrain
