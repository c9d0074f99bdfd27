#include "tools/load/checkpoint_parameters.h"

#include <filesystem>
#include <system_error>

#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "pipeline/base/text/units.h"
#include "pipeline/config/put_parameter.h"

namespace flowtrain {
namespace {

// Weights say nothing about a run, but their names and shapes tell the network.
bool IsWeights(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && !IsCheckpoint(path);
}

}  // namespace

CheckpointParameters ReadCheckpointParameters(const std::string& from) {
  CheckpointParameters checkpoint;
  if (IsWeights(from)) {
    checkpoint.file = from;
    checkpoint.network = NetworkOf(from);
  } else {
    checkpoint.file = FindCheckpoint(from);
    checkpoint.stored.emplace(ReadYaml(ReadTrainingState(checkpoint.file).config, checkpoint.file));
  }
  return checkpoint;
}

void TakeNetwork(const CheckpointParameters& checkpoint, Config& config) {
  if (checkpoint.stored) {
    for (const char* key :
         {"model.backbone", "model.stem", "model.width_multiplier", "data.image_size"}) {
      if (const Value* value = checkpoint.stored->Find(key)) PutParameter(config, key, *value);
    }
  }
  if (!checkpoint.network) return;
  const char* given_with = "checkpoint";
  PutParameter(config, "model.backbone",
               TextValue(ChoiceName(Backbones(), checkpoint.network->name), given_with));
  PutParameter(config, "model.stem",
               TextValue(ChoiceName(Stems(), checkpoint.network->stem), given_with));
  PutParameter(config, "model.width_multiplier",
               PlainValue(ShowNumber(checkpoint.network->width_multiplier), given_with));
}

}  // namespace flowtrain
