// What device a graph would run on.
#pragma once

#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

// The name of the device that the graph's Device stands for ("NVIDIA GeForce RTX 3060"), without
// opening the graph; "" where the graph has none. Throws ConfigError for one that is not there.
std::string DeviceNameOf(const GraphDef& def, const Registry& registry);

}  // namespace flowtrain
