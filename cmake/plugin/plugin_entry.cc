// Compiled into each plug-in: what the program looks for in it.
#include "flowtrain_abi.h"
#include "pipeline/node/plugin.h"
#include "pipeline/node/registry.h"

namespace {

void AddTypes(flowtrain::Registry& registry) {
  for (const auto& type : flowtrain::internal::PluginTypes()) type.add(registry, type.name);
}

}  // namespace

extern "C" {
[[gnu::visibility("default")]] extern const flowtrain::PluginInfo flowtrain_plugin;
const flowtrain::PluginInfo flowtrain_plugin = {FLOWTRAIN_ABI, &AddTypes};
}
