// `flowtrain check`: what is wrong with a data set, before a training.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "nodes/check/check_images.h"
#include "nodes/check/check_summary.h"
#include "nodes/data/dataset.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/progress_line.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/run_control.h"
#include "tools/commands/check_report.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/named_dataset.h"
#include "tools/load/checkpoint_parameters.h"
#include "tools/process/signals.h"
#include "tools/similar/similar_images.h"

namespace flowtrain {
namespace {

struct CheckRequest {
  DatasetRequest dataset;
  bool json = false;
  std::string checkpoint;            // file, or a run's folder; empty: not given
  std::optional<double> similarity;  // not given: kSimilar
};

void CheckSimilarity(const CheckRequest& request) {
  if (!request.similarity) return;
  if (!(*request.similarity > 0 && *request.similarity <= 1)) {
    throw ConfigError("--similarity takes a number above 0 and up to 1, such as 0.8");
  }
  if (request.checkpoint.empty()) {
    throw ConfigError(
        "--similarity is about how similar images are to a network: say by which with "
        "--checkpoint");
  }
}

CheckResult CheckAll(const ImageSet& set, int64_t max_pixels, ImageComparison* comparison,
                     StopSignals& signals) {
  RunControl run;
  const StopSignals::Watch watch(signals, run, "stopping the check");
  CheckOptions options;
  options.threads = ReadCpuLimits().usable;
  options.max_pixels = std::clamp<int64_t>(max_pixels, 1, kMaxImagePixels);
  options.stop = [&run] { return run.draining(); };
  ProgressLine line;
  options.comparison = comparison;
  options.progress = [&](const char* did, uint64_t done, uint64_t images) {
    if (line.Due()) {
      line.Show(std::string(did) + ' ' + ShowCount(done) + " of " + ShowCount(images) + " images");
    }
  };
  return CheckImages(set, options);
}

// Throws ConfigError and DataError as OpenImageSet, CompareByNetwork and CheckImages do.
ExitCode Check(const CheckRequest& request, StopSignals& signals, std::ostream& out) {
  CheckSimilarity(request);
  std::optional<CheckpointParameters> checkpoint;
  if (!request.checkpoint.empty()) checkpoint = ReadCheckpointParameters(request.checkpoint);
  const Config config = ParametersOf(request.dataset, "check", checkpoint ? &*checkpoint : nullptr);
  const DatasetOptions options = NamedDataset(request.dataset, config);
  std::string substitution;
  const auto set = OpenImageSet(options, &substitution);
  for (const std::string& note : set->Notes()) LogWarning(note);
  std::optional<ComparedBy> network;
  std::unique_ptr<ImageComparison> comparison;
  if (checkpoint) {
    network = ComparedBy{checkpoint->file, request.similarity.value_or(kSimilar)};
    comparison = CompareByNetwork(config, network->checkpoint, network->similarity);
  }
  const CheckResult result = CheckAll(*set, options.max_pixels, comparison.get(), signals);
  if (result.stopped) return ExitCode::kInterrupted;
  const CheckSummary summary = Summarise(result, set->classes());
  const auto report = request.json ? CheckJson : CheckText;
  out << report(set->Description(), result, summary, network) << std::flush;
  return summary.well() ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

Command AddCheck(CLI::App& app) {
  const auto request = std::make_shared<CheckRequest>();
  CLI::App* check = app.add_subcommand(
      "check", "Look for bad images, duplicates and leaks between splits in a data set");
  TakesPath(check->add_option("DATASET", request->dataset.dataset, kDatasetHelp))->required();
  check->add_flag("--json", request->json,
                  "One JSON object on standard output, with every finding");
  TakesPath(check->add_option("--checkpoint", request->checkpoint,
                              "Also look for similar images, such as crops and mirror images, by "
                              "this network: a checkpoint, a run's folder or weights"))
      ->type_name("PATH");
  check
      ->add_option("--similarity", request->similarity,
                   "From which similarity on, above 0 and up to 1 (default: 0.8)")
      ->type_name("S");
  AddParameterOptions(*check, request->dataset.configs, request->dataset.sets);
  check->footer(
      "Exit codes: 0 nothing was found; 1 bad images, duplicates or leaks. What is similar by\n"
      "--checkpoint is for you to look at: it is listed, and leaves the exit code as it is.");
  return {check, [request](StopSignals& signals) { return Check(*request, signals, std::cout); }};
}

}  // namespace flowtrain
