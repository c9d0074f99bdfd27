#include "tools/load/load.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "nodes/data/dataset.h"
#include "nodes/data/sample_notice.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/launch/rank_cores.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/epoch_source.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/shell_word.h"
#include "pipeline/config/put_parameter.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "tools/load/checkpoint_parameters.h"
#include "tools/load/find_file.h"
#include "tools/load/pack_dataset.h"
#include "tools/load/packed_cache.h"
#include "tools/load/parameter_paths.h"
#include "tools/load/plugins.h"
#include "tools/load/resume.h"
#include "tools/load/run_parameters.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// The layers of parameters, lowest first, in the order in which they are applied.
struct Layers {
  const GraphFile& file;
  std::string sample_file;  // empty: the graph names none
  const GraphRequest& request;
  bool sample = false;
  std::optional<CheckpointParameters> checkpoint = {};  // to evaluate
  std::optional<ResumePoint> resume = {};
};

// What an evaluation takes over from the run that made its checkpoint, so that it need not be given
// again: the network, and the images at the size that they were trained at.
void TakeFromCheckpoint(const CheckpointParameters& checkpoint, Config& config) {
  TakeNetwork(checkpoint, config);
  if (!checkpoint.stored) return;
  for (const char* key : {"data.kind", "data.root", "data.splits", "sample.images", "train.seed"}) {
    if (const Value* value = checkpoint.stored->Find(key)) PutParameter(config, key, *value);
  }
}

// The splits that a checkpoint was trained on mean nothing for a data set of another kind.
void DropSplitsOfAnother(const Layers& layers, Config& config) {
  const Value* splits = config.Find("data.splits");
  const Value* kind = config.Find("data.kind");
  if (splits == nullptr || kind == nullptr) return;
  if (!layers.checkpoint || !layers.checkpoint->stored) return;
  const auto is_stored = [&](const Value& value) {
    return value.at.file == layers.checkpoint->file;
  };
  if (!is_stored(*splits) || is_stored(*kind)) return;
  if (layers.checkpoint->stored->GetOr<std::string>("data.kind", "") == kind->scalar) return;
  const Config defaults = DefaultParameters(layers.file);
  if (const Value* own = defaults.Find("data.splits")) PutParameter(config, "data.splits", *own);
}

void OverlayParameterFile(const std::string& path, Config& config) {
  const Value parameters = ReadYamlFile(path);
  if (parameters.Find("nodes") != nullptr || parameters.Find("extends") != nullptr) {
    throw ConfigError(path + " is a graph; --config takes a file of parameters");
  }
  config.Overlay(parameters);
}

void RefuseParameterFile(const std::string& path, const Value& graph) {
  const bool is_map = graph.kind == Value::Kind::kMap && !graph.entries.empty();
  if (!is_map || graph.Find("nodes") != nullptr || graph.Find("graph") != nullptr) return;
  throw ConfigError(path + " is not a graph: it has no nodes. A file of parameters is given with " +
                    "--config: flowtrain graphs/simclr.yaml --config " + ShellWord(path));
}

// `told` (not null) becomes what a user should know of relative paths.
Config Stack(const Layers& layers, std::vector<std::string>* told) {
  told->clear();
  Config config = DefaultParameters(layers.file);
  ResolveDefaultPaths(config, told);
  // A run that goes on already has such parameters, and its weights.
  const bool fresh = !layers.resume || layers.resume->checkpoint.empty();
  if (layers.sample && fresh && !layers.sample_file.empty()) {
    config.OverlayFile(layers.sample_file);
  }
  if (layers.checkpoint) TakeFromCheckpoint(*layers.checkpoint, config);
  if (layers.resume) TakeRunParameters(*layers.resume, config);
  for (const std::string& name : layers.request.configs) {
    const std::string file = FindParameterFile(name);
    OverlayParameterFile(file, config);
    ResolvePaths(file, config, told);
  }
  for (const std::string& text : layers.request.sets) config.Set(text);
  ResolvePaths("--set", config, told);
  DropSplitsOfAnother(layers, config);
  if (layers.sample)
    PutParameter(config, "data.kind", TextValue("sample", "the built-in data set"));
  if (!layers.request.run_dir.empty()) {
    PutParameter(config, "run.path", TextValue(layers.request.run_dir, "--run-dir"));
  }
  if (layers.resume) PutResumePoint(*layers.resume, config);
  if (!layers.request.init.empty()) {
    PutParameter(config, "model.init", TextValue(layers.request.init, "--init"));
  }
  if (layers.checkpoint) {
    PutParameter(config, "checkpoint", TextValue(layers.checkpoint->file, "checkpoint"));
  }
  return config;
}

// Whether nothing but the graph's default file says what the data set is.
bool DataIsDefault(const GraphFile& file, const Config& config) {
  const std::string defaults = DefaultConfigPath(file.graph);
  for (const char* key : {"data.kind", "data.root", "data.splits"}) {
    const Value* value = config.Find(key);
    if (value != nullptr && value->at.file != defaults) return false;
  }
  return true;
}

bool MayTakeSample(const Config& config, std::string* why) {
  if (config.GetOr<std::string>("data.if_missing", "") != "sample") return false;
  try {
    DatasetOptions options = DatasetPlaceOf(config);
    options.if_missing = IfMissing::kSample;
    return SampleStandsIn(options, why);
  } catch (const ConfigError&) {
    return false;  // an unknown kind or split: LoadGraph, or opening it, reports it
  }
}

// If nothing is at the relative data.root of the graph's own parameters, looks for it where they
// ship too: from a folder other than the checkout, the checkout's data/ would not be found.
void FindDataRoot(const GraphFile& file, Config& config) {
  const std::string root = config.GetOr<std::string>("data.root", "");
  std::error_code error;
  if (root.empty() || fs::path(root).is_absolute() || fs::exists(root, error)) return;
  if (DefaultParameters(file).GetOr<std::string>("data.root", "") != root) return;
  const fs::path shipped = fs::path(ShippedFolder()) / root;
  if (!fs::exists(shipped, error)) return;
  PutParameter(config, "data.root", TextValue(shipped.string(), "data.root"));
}

void TellOfSample(const Layers& layers, const std::string& why) {
  const std::string sample =
      "pictures the program draws itself" +
      (layers.sample_file.empty() ? std::string(".")
                                  : ", with the parameters of " + layers.sample_file +
                                        " where --config and --set give no others.");
  for (const std::string& line : SampleNotice(why, sample, "data.if_missing")) LogWarning(line);
}

// What to warn of; empty: nothing.
std::string LowerWorkers(Config& config) {
  const char* key = "data.num_workers";  // or auto, which is not a number
  const int wanted = config.GetOr<int>(key, 0);
  const int usable = ThreadsOfRank(ReadLaunch(ProcessEnvironment()));
  if (wanted <= usable) return {};
  PutParameter(config, key, PlainValue(std::to_string(usable), "the number of CPU cores"));
  return std::string(key) + " is lowered from " + std::to_string(wanted) + " to " +
         std::to_string(usable) + ", the CPU cores this process may use";
}

void TakePackedCache(Config& config, StopSignals* signals) {
  if (config.GetOr<std::string>("data.kind", "packed") == "packed") return;
  if (config.Find("data.cache_file") == nullptr) {
    throw ConfigError(
        "data.cache: packed is for graphs that train: pack the data set with `flowtrain pack`, and "
        "give the file with data.kind=packed and data.root=FILE");
  }
  const auto run_folder = config.GetOr<std::string>("run.path", "");
  if (!run_folder.empty()) CheckRunFolder(run_folder, config.GetOr<bool>("run.go_on", false));
  const std::string path = PackedCacheOf(config, signals);
  PutParameter(config, "data.kind", TextValue("packed", "data.cache"));
  PutParameter(config, "data.root", TextValue(path, "data.cache"));
}

// The key in "key=value".
std::string KeyOf(const std::string& set) {
  const size_t end = set.find_last_not_of(" \t", std::min(set.find('='), set.size()) - 1);
  return set.substr(0, end == std::string::npos ? 0 : end + 1);
}

// The last one holds, which a long command line may hide.
void WarnOfRepeatedSets(const std::vector<std::string>& sets) {
  for (size_t i = 0; i < sets.size(); ++i) {
    for (size_t j = sets.size(); j-- > i + 1;) {
      if (KeyOf(sets[j]) != KeyOf(sets[i])) continue;
      if (sets[j] != sets[i]) {
        LogWarning("--set gives " + KeyOf(sets[i]) + " more than once: " + sets[j] +
                   " holds, not " + sets[i]);
      }
      break;
    }
  }
}

// Takes the sample set if it stands in for the default data set. A data set that was named, by its
// default name even, is opened or refused. Returns why it was taken; empty: it was not.
std::string TakeSampleIfMissing(Layers& layers, Config& config, std::vector<std::string>* told) {
  std::string why;
  if (!MayTakeSample(config, &why)) return {};
  if (!DataIsDefault(layers.file, config)) {
    PutParameter(config, "data.if_missing", TextValue("error", "the data set is named"));
    return {};
  }
  layers.sample = true;
  config = Stack(layers, told);
  return why;
}

enum class Purpose : uint8_t { kShow, kOpenData, kRun };

LoadedGraph LoadWith(const GraphRequest& request, Purpose purpose, StopSignals* signals) {
  if (request.resume.wanted && !request.init.empty()) {
    throw ConfigError(
        "--resume goes on with the weights of a checkpoint, and --init begins with others: give "
        "one of them (a script that begins and resumes the same run: --set model.init=FILE)");
  }
  const std::string path = FindGraphFile(request.graph);
  const GraphFile file = ReadGraphFile(path, ShippedFolder());
  RefuseParameterFile(path, file.graph);
  LoadPlugins(file.plugins, Registry::Global());
  WarnOfRepeatedSets(request.sets);
  Layers layers{file, SampleConfigPath(file.graph), request};
  std::vector<std::string> told;
  LoadedGraph loaded{Stack(layers, &told), {}, {}};
  if (const auto from = loaded.config.GetOr<std::string>("checkpoint", ""); !from.empty()) {
    layers.checkpoint = ReadCheckpointParameters(from);
    loaded.config = Stack(layers, &told);
  }
  if (request.resume.wanted) {
    layers.resume = FindResumePoint(request.resume, request.run_dir, loaded.config);
    loaded.config = Stack(layers, &told);
  }
  std::string why_sample, lowered;
  if (purpose != Purpose::kShow) {
    FindDataRoot(file, loaded.config);
    why_sample = TakeSampleIfMissing(layers, loaded.config, &told);
  }
  if (purpose == Purpose::kRun) lowered = LowerWorkers(loaded.config);
  if (!layers.resume) LeaveOutOtherRuns(DefaultParameters(file), loaded.config);
  loaded.def = LoadGraph(file.graph, loaded.config, Registry::Global());
  // Only now, so that what is wrong with the graph stands alone.
  for (const std::string& line : told) LogInfo(line);
  if (!why_sample.empty()) TellOfSample(layers, why_sample);
  if (!lowered.empty()) LogWarning(lowered);
  if (layers.resume) {
    CheckParameters(*layers.resume, request.resume, loaded.def.name, loaded.config);
    loaded.resume = std::move(layers.resume);
  }
  if (purpose == Purpose::kRun &&
      loaded.config.GetOr<std::string>("data.cache", "none") == "packed") {
    // Last, since a run that is refused must not cost a packing first. The parameters go on naming
    // the data set itself: the file is no more than its cache, for another run too.
    Config packed = loaded.config;
    TakePackedCache(packed, signals);
    loaded.def = LoadGraph(file.graph, packed, Registry::Global());
  }
  return loaded;
}

}  // namespace

void CheckResumes(const LoadedGraph& loaded, const Graph& graph) {
  const auto* source = FindComponent<EpochSource>(graph);
  if (!loaded.resume || source == nullptr) return;
  CheckEpochLength(*loaded.resume, loaded.config, source->plan().steps_per_epoch());
}

LoadedGraph Load(const GraphRequest& request) { return LoadWith(request, Purpose::kShow, nullptr); }

LoadedGraph LoadWithData(const GraphRequest& request) {
  return LoadWith(request, Purpose::kOpenData, nullptr);
}

LoadedGraph LoadForRun(const GraphRequest& request, StopSignals* signals) {
  return LoadWith(request, Purpose::kRun, signals);
}

}  // namespace flowtrain
