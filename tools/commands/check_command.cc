// `flowtrain check`: what is wrong with a data set, before a training.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
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
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct CheckRequest {
  DatasetRequest dataset;
  bool json = false;
};

CheckResult CheckAll(const ImageSet& set, int64_t max_pixels, StopSignals& signals) {
  RunControl run;
  const StopSignals::Watch watch(signals, run, "stopping the check");
  CheckOptions options;
  options.threads = ReadCpuLimits().usable;
  options.max_pixels = std::clamp<int64_t>(max_pixels, 1, kMaxImagePixels);
  options.stop = [&run] { return run.draining(); };
  ProgressLine line;
  options.progress = [&](uint64_t done, uint64_t images) {
    if (line.Due()) {
      line.Show("checked " + ShowCount(done) + " of " + ShowCount(images) + " images");
    }
  };
  return CheckImages(set, options);
}

// Throws ConfigError and DataError as OpenImageSet and CheckImages do.
ExitCode Check(const CheckRequest& request, StopSignals& signals, std::ostream& out) {
  const Config config = ParametersOf(request.dataset, "check");
  const DatasetOptions options = NamedDataset(request.dataset, config);
  std::string substitution;
  const auto set = OpenImageSet(options, &substitution);
  for (const std::string& note : set->Notes()) LogWarning(note);
  const CheckResult result = CheckAll(*set, options.max_pixels, signals);
  if (result.stopped) return ExitCode::kInterrupted;
  const CheckSummary summary = Summarise(result, set->classes());
  const auto report = request.json ? CheckJson : CheckText;
  out << report(set->Description(), result, summary) << std::flush;
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
  AddParameterOptions(*check, request->dataset.configs, request->dataset.sets);
  check->footer("Exit codes: 0 nothing was found; 1 bad images, duplicates or leaks.");
  return {check, [request](StopSignals& signals) { return Check(*request, signals, std::cout); }};
}

}  // namespace flowtrain
