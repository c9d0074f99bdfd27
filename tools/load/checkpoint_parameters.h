// What a checkpoint, or a file of weights, says of its network and its data set.
#pragma once

#include <optional>
#include <string>

#include "nodes/train/model/resnet.h"
#include "pipeline/config/config.h"

namespace flowtrain {

struct CheckpointParameters {
  std::string file;                           // of a run's folder its newest whole checkpoint
  std::optional<Config> stored = {};          // the parameters of the run that made it
  std::optional<ResNetOptions> network = {};  // of weights, if it can be told
};

// Reads them from a checkpoint, a run's folder or weights (.safetensors, .pt). Throws ConfigError where
// there is none, DataError for a file that is none.
CheckpointParameters ReadCheckpointParameters(const std::string& from);

// Overrides the network, and the size of its images, with those of the checkpoint, as far as it says
// them: model.backbone, model.stem, model.width_multiplier, data.image_size.
void TakeNetwork(const CheckpointParameters& checkpoint, Config& config);

}  // namespace flowtrain
