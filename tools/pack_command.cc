#include "tools/pack_command.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <atomic>
#include <filesystem>
#include <system_error>

#include "nodes/report/units.h"
#include "nodes/source/packed_file.h"
#include "nodes/source/stl10_set.h"
#include "pipeline/config.h"
#include "pipeline/log.h"
#include "tools/find_file.h"
#include "tools/pack_dataset.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

Config ParametersOf(const PackRequest& request) {
  Config config(FindShippedFile("configs/stl10_config.yaml"));
  for (const std::string& file : request.configs) config.OverlayFile(FindShippedFile(file));
  for (const std::string& text : request.sets) config.Set(text);
  config.Check({});
  return config;
}

std::string KindOf(const std::string& dataset) {
  if (dataset == "sample") return "sample";
  std::error_code ignored;
  if (fs::is_regular_file(dataset, ignored)) return "packed";
  const bool stl10 = Stl10IsThere(dataset, {"train", "test", "unlabeled"}, nullptr);
  return stl10 ? "stl10" : "folder";
}

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

}  // namespace

ExitCode Pack(const PackRequest& request, StopSignals& signals, std::ostream& out) {
  if (!request.verify.empty()) return Verify(request.verify, out);
  if (request.dataset.empty() || request.out.empty()) {
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
  const Config config = ParametersOf(request);
  DatasetOptions options = DatasetOptionsOf(config);
  options.kind = KindOf(request.dataset);
  options.root = request.dataset;
  const double max_bad = request.max_bad_fraction >= 0
                             ? request.max_bad_fraction
                             : config.Get<double>("data.max_bad_fraction");
  const PackResult result = PackDataset(options, request.out, request.max_side, max_bad, &signals);
  if (result.stopped) return ExitCode::kInterrupted;
  out << request.out << ": " << ShowCount(result.images) << " images, " << ShowGib(result.bytes)
      << ". Train from it with --set data.kind=packed --set data.root=" << request.out << '\n';
  return ExitCode::kDone;
}

}  // namespace flowtrain
