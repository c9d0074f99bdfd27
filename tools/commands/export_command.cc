// `flowtrain export`: the backbone of a checkpoint as weights for other programs.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <system_error>

#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "nodes/train/weights/safetensors.h"
#include "nodes/train/weights/state_dict_file.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"
#include "pipeline/config/config.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/version.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct ExportRequest {
  std::string checkpoint;  // file, or a run's folder
  std::string to;          // .safetensors or .pt
  bool force = false;      // overwrite an existing file
};

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
  const auto width = config.GetOr<double>("model.width_multiplier", 1.0);
  return {{"format", "pt"},
          {"writer", Version()},
          {"backbone", config.Get<std::string>("model.backbone")},
          {"stem", stem},
          {"width_multiplier", ShowNumber(width)},
          {"conv1", stem == "small" ? "3x3, stride 1, padding 1; no maxpool"
                                    : "7x7, stride 2, padding 3; maxpool"},
          {"steps", std::to_string(state.steps_done)}};
}

// Writes the backbone under torchvision's names, in the format that the file's extension says.
// Throws ConfigError and DataError.
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
  if (const std::string& width = metadata.at("width_multiplier"); width != "1") {
    out << "its layers have " << width
        << " times the usual channels, which torchvision's and timm's do not: docs/export.md has "
           "how to make such a network\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command AddExport(CLI::App& app) {
  const auto request = std::make_shared<ExportRequest>();
  auto* weights = app.add_subcommand(
      "export", "Write a checkpoint's backbone as weights with torchvision's (and timm's) names");
  TakesPath(weights->add_option("CHECKPOINT", request->checkpoint, "Checkpoint, or a run's folder"))
      ->required();
  TakesPath(weights->add_option(
                "--to", request->to,
                "File to write: .safetensors, or .pt for torch.load(…, weights_only=True)"))
      ->required()
      ->type_name("FILE");
  weights->add_flag("--force", request->force, "Write over a file that is there");
  return {weights, [request](StopSignals&) { return Export(*request, std::cout); }};
}

}  // namespace flowtrain
