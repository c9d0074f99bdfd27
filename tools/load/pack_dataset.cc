#include "tools/load/pack_dataset.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "nodes/data/packed_set.h"
#include "nodes/pack/fingerprint.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/log.h"
#include "pipeline/base/progress_line.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
DatasetOptions DatasetPlaceOf(const Config& config) {
  DatasetOptions options;
  const auto kind = config.GetOr<std::string>("data.kind", "stl10");
  if (const std::string wrong = CheckChoice(kind, NamesOf(DatasetKinds())); !wrong.empty()) {
    throw ConfigError(wrong + " (data.kind)");
  }
  options.kind = ChoiceValue(DatasetKinds(), kind);
  options.root = config.GetOr<std::string>("data.root", "");
  options.splits = config.GetOr<std::vector<std::string>>("data.splits", {});
  options.if_missing = IfMissing::kError;
  options.names = [](std::string_view option) { return "data." + std::string(option); };
  return options;
}

namespace {

// Beyond the defaults, what the parameters give; a graph that is run checks their values.
void TakeRemoteOptions(const Config& config, RemoteOptions& remote) {
  OptionsOf<RemoteOptions> declared;
  RemoteOptions::Declare(declared);
  for (const auto& option : declared.declared()) {
    const Value* value = config.Find("data." + option.spec.name);
    if (value == nullptr) continue;
    const std::string wrong = option.assign(remote, *value);
    if (!wrong.empty())
      throw ConfigError({Diagnostic{value->at, "data." + option.spec.name + ": " + wrong}});
  }
}

}  // namespace

DatasetOptions DatasetOptionsOf(const Config& config) {
  DatasetOptions options = DatasetPlaceOf(config);
  options.seed = static_cast<uint64_t>(config.Get<int64_t>("train.seed"));
  options.sample_images = static_cast<uint64_t>(config.Get<int64_t>("sample.images"));
  options.sample_size = config.Get<int>("data.image_size");
  options.max_pixels = config.Get<int64_t>("data.max_pixels");
  TakeRemoteOptions(config, options.remote);
  return options;
}

PackResult PackDataset(const DatasetOptions& of, const std::string& path, int max_side,
                       const BadLimit& bad_limit, StopSignals* signals) {
  RunControl run;
  DatasetOptions dataset = of;
  dataset.stop = [&run] { return run.draining(); };
  std::string substitution;
  // Before the files are read: a file that changes meanwhile makes the packed file out of date.
  const uint64_t fingerprint = FingerprintOf(dataset, max_side);
  const auto set = OpenImageSet(dataset, &substitution);
  for (const std::string& note : set->Notes()) LogWarning(note);
  LogInfo("packing " + set->Description() + " to " + path);
  PackOptions options;
  options.max_side = max_side;
  options.max_pixels = std::clamp<int64_t>(dataset.max_pixels, 1, kMaxImagePixels);
  options.threads = ReadCpuLimits().usable;
  options.max_bad_fraction = bad_limit.fraction;
  options.max_bad_fraction_name = bad_limit.name;
  options.fingerprint = fingerprint;
  options.stop = [&run] { return run.draining(); };
  ProgressLine line;
  options.progress = [&](uint64_t done, uint64_t images) {
    if (line.Due()) {
      line.Show("packed " + ShowCount(done) + " of " + ShowCount(images) + " images");
    }
  };
  std::unique_ptr<StopSignals::Watch> watch;
  if (signals != nullptr) {
    watch = std::make_unique<StopSignals::Watch>(*signals, run, "stopping: no file is made");
  }
  PackResult result = PackImages(*set, path, options);
  if (!result.stopped && !result.bad.empty()) {
    LogWarning(
        ShowCount(result.bad.size()) + " of " + ShowCount(result.bad.size() + result.images) +
        " images could not be used and are left out:" + NameSome(result.bad, BadImagesOf(path)));
  }
  return result;
}

}  // namespace flowtrain
