// A graph's text, and behind a line "%%%" its parameters', up to the components it names.
#include "pipeline/base/error.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/inspect.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/node.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/component_set.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

void Load(const std::string& text, const std::string& parameters) {
  const Config config(ReadYaml(parameters, "config.yaml"));
  const GraphDef def = LoadGraph(ReadYaml(text, "graph.yaml"), config, Registry::Global());
  for (const ComponentDef& resource : def.resources) MakeComponent(resource, Registry::Global());
  for (const NodeDef& node : def.nodes) MakeComponent(node, Registry::Global());
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  const std::string text(reinterpret_cast<const char*>(data), size), separator = "%%%\n";
  const size_t at = text.find(separator);
  try {
    Load(text.substr(0, at), at == std::string::npos ? "" : text.substr(at + separator.size()));
  } catch (const ConfigError& error) {
    fuzz::Require(!error.diagnostics().empty(), "an error has findings");
  }
  return 0;
}
