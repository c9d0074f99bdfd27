// `flowtrain pack`: decodes a data set into one file.

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <system_error>
#include <vector>

#include "nodes/data/packed_file.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/output_path.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/config/config.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/named_dataset.h"
#include "tools/load/pack_dataset.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct PackRequest {
  DatasetRequest dataset;
  std::string out;               // file to make
  int max_side = 0;              // larger sides are shrunk to this, pixels; 0: whole images
  double max_bad_fraction = -1;  // unreadable images, as a share of all; below 0: the parameter's
  bool force = false;            // overwrite an existing file
  std::string verify;            // check this packed file instead
};

namespace fs = std::filesystem;

ExitCode Verify(const std::string& path, std::ostream& out) {
  const PackedFile file(path);
  std::atomic<uint64_t> bad{0};
  tbb::parallel_for(tbb::blocked_range<uint64_t>(0, file.header().images), [&](const auto& range) {
    for (uint64_t image = range.begin(); image < range.end(); ++image) {
      bool damaged = false;
      file.Pixels(image, &damaged);
      if (!damaged) continue;
      ++bad;
      LogError("the checksum of '" + std::string(file.Name(image)) + "' is wrong");
    }
  });
  const std::string images = ShowCount(file.header().images) + " images of " + path;
  if (bad == 0) {
    out << "all " << images << " are whole\n";
    return ExitCode::kDone;
  }
  LogError(ShowCount(bad) + " of " + images + " are damaged: pack the data set again");
  return ExitCode::kFailed;
}

// Makes the packed file, or checks every image of one. Throws ConfigError and DataError.
ExitCode Pack(const PackRequest& request, StopSignals& signals, std::ostream& out) {
  if (!request.verify.empty()) return Verify(request.verify, out);
  if (request.dataset.dataset.empty() || request.out.empty()) {
    throw ConfigError(
        "name the data set and the file to make: flowtrain pack photos photos.ftpack");
  }
  std::error_code ignored;
  if (fs::is_directory(request.out, ignored)) {
    throw ConfigError(request.out + " is a folder: name the file to make, such as " +
                      (fs::path(request.out) / "photos.ftpack").string());
  }
  if (!request.force && fs::exists(request.out, ignored)) {
    throw ConfigError(request.out + " is there already; --force writes over it");
  }
  const Config config = ParametersOf(request.dataset, "pack");
  TryOutput(request.out);
  const DatasetOptions options = NamedDataset(request.dataset, config);
  const double max_bad = request.max_bad_fraction >= 0
                             ? request.max_bad_fraction
                             : config.Get<double>("data.max_bad_fraction");
  const PackResult result = PackDataset(options, request.out, request.max_side,
                                        {max_bad, "--max-bad-fraction"}, &signals);
  if (result.stopped) return ExitCode::kInterrupted;
  out << request.out << ": " << ShowCount(result.images) << " images, " << ShowGib(result.bytes)
      << ". Train from it with --set data.kind=packed --set data.root=" << request.out << '\n';
  return ExitCode::kDone;
}

}  // namespace

Command AddPack(CLI::App& app) {
  const auto request = std::make_shared<PackRequest>();
  CLI::App* pack = app.add_subcommand("pack", "Decode a data set to one file to train from");
  TakesPath(pack->add_option("DATASET", request->dataset.dataset, kDatasetHelp));
  TakesPath(pack->add_option("OUT", request->out, "File to make, e.g. photos.ftpack"));
  pack->add_option("--max-side", request->max_side,
                   "Shrink images until their largest side has so many pixels")
      ->check(CLI::Range(1, 65535));
  pack->add_option("--max-bad-fraction", request->max_bad_fraction,
                   "Unreadable images, as a share of all, before it gives up")
      ->check(CLI::Range(0.0, 1.0));
  pack->add_flag("--force", request->force, "Write over a file that is there");
  auto* verify = TakesPath(pack->add_option("--verify", request->verify,
                                            "Check every image of a packed file instead"))
                     ->type_name("FILE");
  AddParameterOptions(*pack, request->dataset.configs, request->dataset.sets);
  for (CLI::Option* option : pack->get_options()) {
    if (option != verify && option->get_name() != "--help") verify->excludes(option);
  }
  return {pack, [request](StopSignals& signals) { return Pack(*request, signals, std::cout); }};
}

}  // namespace flowtrain
