// The network that a checkpoint holds.
#pragma once

#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Only the network of a checkpoint, on the host: "backbone.conv1.weight", … Throws as
// ReadTrainingState does.
NamedTensors ReadNetwork(const std::string& path);

}  // namespace flowtrain
