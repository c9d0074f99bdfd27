// The device that a graph would run on.
#pragma once

#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

// The name of the device that the graph's Device stands for ("NVIDIA GeForce RTX 3060"), without
// opening the graph; "" if the graph has none. Throws ConfigError for a device that does not exist.
std::string DeviceNameOf(const GraphDef& def, const Registry& registry);

}  // namespace flowtrain
