#include "tools/commands/graph_options.h"

#include "pipeline/base/files/expand_path.h"

namespace flowtrain {

CLI::Option* TakesPath(CLI::Option* option) {
  return option->transform([option](const std::string& path) {
    // As of a variable that is not set: it would count as not given.
    if (path.empty() && option->get_expected_min() > 0) {
      throw CLI::ValidationError("the path is empty");
    }
    return ExpandPath(path);
  });
}

void AddParameterOptions(CLI::App& app, std::vector<std::string>& configs,
                         std::vector<std::string>& sets) {
  TakesPath(app.add_option("--config", configs,
                           "Parameter file that overrides the graph's own; may be repeated"))
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--set", sets,
                 "One parameter, e.g. train.epochs=20; overrides all files; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
}

void AddGraphOptions(CLI::App& app, GraphRequest& request) {
  TakesPath(app.add_option("GRAPH", request.graph, "Graph file, e.g. graphs/simclr.yaml"));
  AddParameterOptions(app, request.configs, request.sets);
}

}  // namespace flowtrain
