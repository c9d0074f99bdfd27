#include "tools/inspect_command.h"

#include <vector>

#include "pipeline/inspect.h"
#include "pipeline/registry.h"
#include "pipeline/suggest.h"

namespace flowtrain {

ExitCode Validate(const GraphRequest& request, std::ostream& out) {
  const LoadedGraph loaded = Load(request);
  out << loaded.def.file << " is valid: " << loaded.def.nodes.size() << " nodes, "
      << loaded.def.resources.size() << " resources\n";
  return ExitCode::kDone;
}

ExitCode Inspect(const GraphRequest& request, bool dot, std::ostream& out) {
  const GraphDef def = Load(request).def;
  out << (dot ? InspectDot(def, Registry::Global()) : InspectGraph(def, Registry::Global()));
  return ExitCode::kDone;
}

ExitCode ListNodes(const std::string& type, std::ostream& out) {
  const Registry& registry = Registry::Global();
  if (type.empty()) {
    out << DescribeTypes(registry) << "\n`flowtrain nodes TYPE` shows one with its options.\n";
    return ExitCode::kDone;
  }
  const Registry::Type* found = registry.Find(type);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const auto& entry : registry.types()) names.push_back(entry.first);
    throw ConfigError("there is no type '" + type + "'" + DidYouMean(type, names));
  }
  out << DescribeType(*found);
  return ExitCode::kDone;
}

}  // namespace flowtrain
