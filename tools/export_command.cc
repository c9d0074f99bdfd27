#include "tools/export_command.h"

#include <filesystem>
#include <system_error>

#include "nodes/report/units.h"
#include "nodes/train/backbone_weights.h"
#include "nodes/train/safetensors.h"
#include "nodes/train/state_dict_file.h"
#include "nodes/train/training_state.h"
#include "pipeline/config.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kSafetensors[] = ".safetensors", kPickled[] = ".pt";

void CheckTarget(const ExportRequest& request) {
  const std::string ending = fs::path(request.to).extension();
  if (ending != kSafetensors && ending != kPickled) {
    throw ConfigError("the ending of " + request.to +
                      " says no format: name a file .safetensors, or .pt for torch.load");
  }
  std::error_code ignored;
  if (!request.force && fs::exists(request.to, ignored)) {
    throw ConfigError(request.to + " is there already; --force writes over it");
  }
}

// What a reader must know to build the network.
std::map<std::string, std::string> MetadataOf(const std::string& checkpoint) {
  const TrainingState state = ReadTrainingState(checkpoint);
  const Config config(ReadYaml(state.config, checkpoint));
  const auto stem = config.Get<std::string>("model.stem");
  return {{"format", "pt"},
          {"writer", "flowtrain " FLOWTRAIN_VERSION},
          {"backbone", config.Get<std::string>("model.backbone")},
          {"stem", stem},
          {"conv1", stem == "small" ? "3x3, stride 1, padding 1; no maxpool"
                                    : "7x7, stride 2, padding 3; maxpool"},
          {"steps", std::to_string(state.steps_done)}};
}

}  // namespace

ExitCode Export(const ExportRequest& request, std::ostream& out) {
  CheckTarget(request);
  const std::string checkpoint = FindCheckpoint(request.checkpoint);
  const std::map<std::string, std::string> metadata = MetadataOf(checkpoint);
  const NamedTensors backbone = ReadBackboneWeights(checkpoint);
  if (fs::path(request.to).extension() == kSafetensors) {
    WriteSafetensors(request.to, {backbone, metadata});
  } else {
    WriteStateDict(request.to, backbone);
  }
  out << request.to << ": the backbone of " << checkpoint << ", " << metadata.at("backbone")
      << " with the " << metadata.at("stem") << " stem (conv1 " << metadata.at("conv1") << "), "
      << backbone.size() << " tensors, " << ShowGib(fs::file_size(request.to)) << '\n';
  return ExitCode::kDone;
}

}  // namespace flowtrain
