#include "tools/load/run_parameters.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include "pipeline/base/log.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/put_parameter.h"
#include "tools/load/parameter_paths.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kPath[] = "run.path";
constexpr std::array kWhereItGoesOn = {"run.resume", "run.start_step", "run.go_on"};

bool SameValue(const Value* a, const Value* b) {
  return a != nullptr && b != nullptr && a->kind == b->kind && a->scalar == b->scalar;
}

// Whether the file that gives run.path is the config.yaml in that folder.
bool IsFolderOfItsFile(const Value& path) {
  std::error_code error;
  const fs::path folder = fs::absolute(path.at.file, error).parent_path();
  return !path.scalar.empty() && fs::equivalent(path.scalar, folder, error) && !error;
}

void LeaveOut(const std::string& key, const Config& defaults, Config& config) {
  const Value* given = config.Find(key);
  LogWarning(given->at.ToString() + ": " + key +
             " is left out: it is about the run that the file " + "was written for");
  PutParameter(config, key, *defaults.Find(key));
}

}  // namespace

bool IsOfOneRun(const std::string& key) {
  return key == kPath ||
         std::find(kWhereItGoesOn.begin(), kWhereItGoesOn.end(), key) != kWhereItGoesOn.end();
}

std::string ParametersForOthers(const Config& config) {
  std::vector<std::string> without(kWhereItGoesOn.begin(), kWhereItGoesOn.end());
  without.emplace_back(kPath);
  return WithPathsEscaped(config).ToYaml(without);
}

void LeaveOutOtherRuns(const Config& defaults, Config& config) {
  for (const char* key : kWhereItGoesOn) {
    const Value* given = config.Find(key);
    if (given == nullptr || defaults.Find(key) == nullptr) continue;
    if (SameValue(given, defaults.Find(key))) continue;
    if (given->at.file == "--set") {
      internal::ThrowConfigError(given->at, std::string(key) +
                                                " is set by --resume; to go on with a run: "
                                                "flowtrain GRAPH --resume RUN");
    }
    LeaveOut(key, defaults, config);
  }
  const Value* path = config.Find(kPath);
  if (path != nullptr && defaults.Find(kPath) != nullptr && path->at.line > 0 &&
      IsFolderOfItsFile(*path)) {
    LeaveOut(kPath, defaults, config);
  }
}

}  // namespace flowtrain
