#include "tools/commands/named_dataset.h"

#include <filesystem>
#include <system_error>

#include "nodes/data/kind_at.h"
#include "pipeline/base/error.h"
#include "tools/load/find_file.h"
#include "tools/load/pack_dataset.h"

namespace flowtrain {
namespace {

// DATASET takes the place of these parameters, though a parameter file, such as a run's config.yaml,
// may have them too.
void RefuseOtherDataset(const DatasetRequest& request, const std::string& command) {
  for (const std::string& set : request.sets) {
    for (const char* key : {"data.kind", "data.root"}) {
      if (set.rfind(std::string(key) + '=', 0) != 0) continue;
      throw ConfigError(command + " takes no --set " + key + ": DATASET alone says what is read");
    }
  }
  std::error_code ignored;
  if (request.dataset == "sample" && std::filesystem::exists("sample", ignored)) {
    throw ConfigError(
        "sample is the name of the built-in pictures, and there is a sample in this folder too: "
        "name that ./sample, or run this in another folder");
  }
}

}  // namespace

Config ParametersOf(const DatasetRequest& request, const std::string& command,
                    const CheckpointParameters* checkpoint) {
  RefuseOtherDataset(request, command);
  Config config(FindShippedFile("configs/stl10_config.yaml"));
  if (checkpoint != nullptr) TakeNetwork(*checkpoint, config);
  for (const std::string& file : request.configs) config.OverlayFile(FindShippedFile(file));
  for (const std::string& text : request.sets) config.Set(text);
  config.Check({});
  return config;
}

DatasetOptions NamedDataset(const DatasetRequest& request, const Config& config) {
  DatasetOptions options = DatasetOptionsOf(config);
  options.kind = request.dataset == "sample" ? DatasetKind::kSample : KindAt(request.dataset);
  options.root = request.dataset;
  options.names = [](std::string_view option) {
    return option == "root" ? "DATASET" : "data." + std::string(option);
  };
  return options;
}

}  // namespace flowtrain
