#include "tools/doctor/doctor.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "nodes/data/dataset.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/first_line.h"
#include "pipeline/base/text/units.h"
#include "tools/doctor/environment_checks.h"
#include "tools/doctor/folder_checks.h"
#include "tools/doctor/gpu_checks.h"
#include "tools/doctor/machine_checks.h"
#include "tools/load/check_dataset.h"
#include "tools/load/host_memory_limit.h"

namespace flowtrain {
namespace {

using Level = Finding::Level;

// ResNet-18 with its optimiser's state is 90 MiB, ResNet-50 200 MiB.
constexpr uint64_t kCheckpointBytes = uint64_t{256} << 20;

void Append(Findings& all, Findings more) {
  for (Finding& finding : more) all.push_back(std::move(finding));
}

uint64_t Number(const Config& config, const char* key) {
  return static_cast<uint64_t>(std::max<int64_t>(config.GetOr<int64_t>(key, 0), 0));
}

// Of the batch buffers (views x rows x pixels x channels, each a byte) and the cache of images.
uint64_t PoolBytes(const Config& config) {
  const uint64_t side = Number(config, "data.image_size");
  return Number(config, "data.batch_slots") * 2 * Number(config, "data.batch_size") * side * side *
             3 +
         MemoryCacheBytes(config, AvailableMemoryRoom().bytes);
}

// The data set as a run would take it, and some of its images.
Finding CheckData(const GraphRequest& request) {
  try {
    const LoadedGraph loaded = LoadWithData(request);
    std::ostringstream said;
    CheckDataset(loaded, said);
    constexpr char kHead[] = "data set: ";
    std::string text = FirstLine(said.str());
    if (text.starts_with(kHead)) text.erase(0, sizeof kHead - 1);
    if (loaded.config.GetOr<std::string>("data.kind", "") == "sample") {
      return Warn("Data set", text + ": pictures that the program draws",
                  "flowtrain fetch stl10, or --set data.kind=folder --set data.root=DIR");
    }
    return Good("Data set", text);
  } catch (const std::exception& error) {
    return Fault(
        "Data set", FirstLine(error.what()),
        "flowtrain fetch stl10, or name your own: flowtrain validate GRAPH --data says more");
  }
}

const char* Name(Level level) {
  switch (level) {
    case Level::kGood:
      return "ok";
    case Level::kWarning:
      return "warning";
    case Level::kBad:
      return "error";
  }
  return "";
}

const char* Mark(Level level) {
  switch (level) {
    case Level::kGood:
      return "✓";
    case Level::kWarning:
      return "!";
    case Level::kBad:
      return "✗";
  }
  return "";
}

}  // namespace

Findings Examine(const GraphRequest& request) {
  const Config config = Load(request).config;
  Findings findings = CheckGpu(ReadGpuFacts(config.GetOr<std::string>("device", "auto")));
  const std::string workers = config.GetOr<std::string>("data.num_workers", "auto");
  Append(findings, CheckMachine(ReadMachineFacts(workers == "auto" ? 0 : std::atoi(workers.c_str()),
                                                 PoolBytes(config))));
  findings.push_back(CheckData(request));
  if (config.GetOr<std::string>("data.kind", "") != "sample") {
    Append(findings, CheckDataFolder(config.GetOr<std::string>("data.root", "")));
  }
  Append(findings, CheckRunFolder(config.GetOr<std::string>("run.dir", "runs"), kCheckpointBytes));
  Append(findings, CheckEnvironment([](const char* name) { return std::getenv(name); }));
  return findings;
}

std::string ToText(const Findings& findings) {
  std::string text;
  int warnings = 0, faults = 0;
  for (const Finding& finding : findings) {
    text += std::string(Mark(finding.level)) + ' ' + finding.subject + ": " + finding.text + '\n';
    if (!finding.remedy.empty()) text += "    " + finding.remedy + '\n';
    warnings += finding.level == Level::kWarning ? 1 : 0;
    faults += finding.level == Level::kBad ? 1 : 0;
  }
  text += '\n';
  if (faults > 0)
    return text + ShowCount(static_cast<uint64_t>(faults), "fault") + " to mend first\n";
  if (warnings == 0) return text + "all is well\n";
  return text + "it will run; " + ShowCount(static_cast<uint64_t>(warnings), "warning") +
         " above\n";
}

std::string ToJson(const Findings& findings) {
  nlohmann::ordered_json json;
  json["ok"] = !HasFault(findings);
  json["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"level", Name(finding.level)},
                                {"subject", finding.subject},
                                {"text", finding.text},
                                {"remedy", finding.remedy}});
  }
  return json.dump(1) + '\n';
}

bool HasFault(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == Level::kBad; });
}

}  // namespace flowtrain
