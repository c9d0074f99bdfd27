// `flowtrain validate`, `inspect` and `nodes`: what a graph is, without running it.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/graph/inspect.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/check_dataset.h"
#include "tools/load/load.h"
#include "tools/load/plugins.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

// Says that the graph is right, or throws ConfigError with all its errors. With `data` opens its
// data set too, and reads some of the images; then also throws DataError.
ExitCode Validate(const GraphRequest& request, bool data, std::ostream& out) {
  const LoadedGraph loaded = data ? LoadWithData(request) : Load(request);
  out << loaded.def.file << " is valid: " << loaded.def.nodes.size() << " nodes, "
      << loaded.def.resources.size() << " resources\n";
  if (loaded.config.GetOr<std::string>("checkpoint", "given").empty()) {
    out << "to run it, say what to evaluate: --set checkpoint=RUN (a checkpoint, a run's folder or "
           "weights)\n";
  }
  if (data) CheckDataset(loaded, out);
  return ExitCode::kDone;
}

// The graph as text, or in Graphviz's language.
ExitCode Inspect(const GraphRequest& request, bool dot, std::ostream& out) {
  const GraphDef def = Load(request).def;
  out << (dot ? InspectDot(def, Registry::Global()) : InspectGraph(def, Registry::Global()));
  return ExitCode::kDone;
}

// Lists all types of nodes and resources, or prints the declaration of one. Throws ConfigError for
// an unknown type.
ExitCode ListNodes(const std::string& type, const std::vector<std::string>& plugins,
                   std::ostream& out) {
  Registry& registry = Registry::Global();
  std::vector<PluginFile> files;
  files.reserve(plugins.size());
  for (const std::string& plugin : plugins) files.push_back({plugin, {"--plugin", 0, 0}});
  LoadPlugins(files, registry);
  if (type.empty()) {
    out << DescribeTypes(registry) << "\n`flowtrain nodes TYPE` shows one with its options.\n";
    return ExitCode::kDone;
  }
  const Registry::Type* found = registry.Find(type);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const auto& entry : registry.types()) names.push_back(entry.first);
    throw ConfigError("there is no type '" + type + "'" + DidYouMean(type, names) +
                      " (flowtrain nodes lists them all)");
  }
  out << DescribeType(*found);
  return ExitCode::kDone;
}

}  // namespace

Command AddValidate(CLI::App& app) {
  const auto request = std::make_shared<GraphRequest>();
  CLI::App* validate =
      app.add_subcommand("validate", "Check a graph and its parameters; run nothing");
  AddGraphOptions(*validate, *request);
  const auto data = std::make_shared<bool>(false);
  validate->add_flag("--data", *data, "Open the data set too, and read a few of its images");
  return {validate, [request, data](StopSignals&) { return Validate(*request, *data, std::cout); }};
}

Command AddInspect(CLI::App& app) {
  const auto request = std::make_shared<GraphRequest>();
  const auto dot = std::make_shared<bool>(false);
  CLI::App* inspect =
      app.add_subcommand("inspect", "Show a graph with all its parameters filled in");
  AddGraphOptions(*inspect, *request);
  inspect->add_flag("--dot", *dot, "In Graphviz's language");
  return {inspect, [request, dot](StopSignals&) { return Inspect(*request, *dot, std::cout); }};
}

Command AddNodes(CLI::App& app) {
  const auto type = std::make_shared<std::string>();
  CLI::App* nodes =
      app.add_subcommand("nodes", "List the types a graph can name, or one's options");
  nodes->add_option("TYPE", *type, "The type to show");
  const auto plugins = std::make_shared<std::vector<std::string>>();
  nodes
      ->add_option("--plugin", *plugins,
                   "A library with node types, as a graph names it; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  return {nodes, [type, plugins](StopSignals&) { return ListNodes(*type, *plugins, std::cout); }};
}

}  // namespace flowtrain
