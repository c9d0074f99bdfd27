#include "tools/load/resume.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "nodes/data/remote_options.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/config/put_parameter.h"
#include "tools/load/run_parameters.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// Parameters that may change without a trace in the trained model. A name that ends with a dot
// stands for all parameters below it.
constexpr std::array kFree = {"run.",
                              "distributed.timeout_s",
                              "distributed.interface",
                              "evaluate.",
                              "data.num_workers",
                              "data.sample_slots",
                              "data.batch_slots",
                              "data.pin_memory",
                              "data.cache_budget",
                              "data.cache_file",
                              "data.cache_dir",
                              "data.cache_limit",
                              "data.download_connections",
                              "data.download_retries",
                              "data.download_timeout_s",
                              "data.if_missing",
                              "data.max_bad_fraction",
                              "gpu.empty_cache_freq",
                              "train.max_nonfinite_steps",
                              "model.init"};

// Other parameters that may change, with the effect of a change.
struct Allowed {
  const char* key;
  const char* effect;
};
constexpr std::array kAllowed = {
    Allowed{"threads", "the order of sums, so the last bits of the results"},
    Allowed{"device", "rounding, so the last bits of the results"},
    Allowed{"distributed.backend", "rounding, so the last bits of the results"},
    Allowed{"gpu.cudnn_benchmark", "rounding, so the last bits of the results"},
    Allowed{"gpu.memory_limit", "the size of micro-batches, where memory is short"},
    Allowed{"data.cache", "the last bits of the pixels of reduced JPEGs"},
    Allowed{"data.root", "nothing, if the images there are the same in the same order"},
    Allowed{"train.epochs", "the learning rate's schedule from here on"},
    Allowed{"train.max_steps", "the learning rate's schedule from here on"}};

// Parameters that set the images of a step.
constexpr char kAccumulation[] = "gpu.gradient_accumulation";
constexpr std::array kOfAStep = {"data.batch_size", kAccumulation, "train.effective_batch"};

int RanksNow() { return ReadLaunch(ProcessEnvironment()).ranks; }

// The batches of a step, of which each rank has as many as the parameter says; 0: it says auto.
int64_t BatchesOfAStep(const Value& accumulation, int ranks) {
  int64_t number = 0;
  return Read(accumulation, number) ? number * ranks : 0;
}

// Other ranks share the same steps.
void ShareSteps(const ResumePoint& point, Config& config) {
  const Value* accumulation = config.Find(kAccumulation);
  const int ranks = RanksNow();
  if (accumulation == nullptr || ranks == point.state.ranks) return;
  const int64_t batches = BatchesOfAStep(*accumulation, point.state.ranks);
  if (batches == 0) return;
  if (batches % ranks != 0) {
    throw ConfigError("the steps of the run so far (" + point.checkpoint + ") have " +
                      std::to_string(batches) + " batches, which " + std::to_string(ranks) +
                      " ranks cannot share evenly: start as many ranks as divide it");
  }
  PutParameter(config, kAccumulation, PlainValue(std::to_string(batches / ranks), "--resume"));
}

// The effect of a change of this key; null for a key that may not change.
const char* EffectOf(std::string_view key) {
  for (const Allowed& allowed : kAllowed) {
    if (key == allowed.key) return allowed.effect;
  }
  return nullptr;
}

// Compares values, not texts: 1e-4 is 1.0e-4.
bool Same(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Value::Kind::kList) {
    return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), Same);
  }
  double left = 0, right = 0;
  if (Read(a, left) && Read(b, right)) return left == right;
  return a.scalar == b.scalar;
}

fs::path RunFolderOf(const fs::path& checkpoint) {
  return fs::absolute(checkpoint).parent_path().parent_path();
}

bool SameFolder(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

// The folder among run.dir/run.name-* with the newest checkpoint.
std::string NewestRun(const Config& config) {
  const auto root = config.Get<std::string>("run.dir");
  const std::string start = config.Get<std::string>("run.name") + '-';
  std::string newest;
  fs::file_time_type newest_at = fs::file_time_type::min();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    if (entry.path().filename().string().rfind(start, 0) != 0) continue;
    std::error_code gone;
    const auto at = fs::last_write_time(entry.path() / "checkpoints", gone);
    if (gone || at <= newest_at || !HasCheckpoint(entry.path().string())) continue;
    newest = entry.path().string();
    newest_at = at;
  }
  if (newest.empty()) {
    throw ConfigError("no run to go on with: no folder " +
                      (fs::path(root) / (start + '*')).string() +
                      " has a checkpoint. Name a run's folder or a checkpoint after --resume");
  }
  return newest;
}

ResumePoint PointAt(const std::string& from, const std::string& run_dir) {
  ResumePoint point;
  point.checkpoint = FindCheckpoint(from);
  point.state = ReadTrainingState(point.checkpoint);
  const bool is_folder = fs::is_directory(from);
  const fs::path so_far = RunFolderOf(point.checkpoint);
  point.run_dir = run_dir;
  if (run_dir.empty() && is_folder) {
    // As the user wrote it, if that is the run's folder and not its checkpoints folder.
    point.run_dir = SameFolder(from, so_far) ? from : so_far.string();
  }
  point.same_folder = !point.run_dir.empty() && SameFolder(point.run_dir, so_far);
  return point;
}

// Runs of older versions kept the file of data.cache=packed as their data set.
bool IsOfOldPackedCache(const std::string& key, const Config& before) {
  return key == "data.kind" && before.GetOr<std::string>("data.kind", "") == "packed" &&
         before.GetOr<std::string>("data.cache", "") == "packed";
}

struct Change {
  std::string key, text;  // "data.batch_size", "8 -> 16"
};

constexpr char kShuffle[] = "data.shuffle_shards";

// What the order of images depends on: what 0 stands for is not the same on a server.
int MixedShards(const Config& config) {
  const int mixed = config.GetOr<int>(kShuffle, 0);
  const bool remote = IsWebAddress(config.GetOr<std::string>("data.root", ""));
  return mixed > 0 || !remote ? mixed : RemoteOptions::kDefaultShuffle;
}

std::vector<Change> ChangesOf(const TrainingState& state, const std::string& checkpoint,
                              const std::string& graph, const Config& config) {
  std::vector<Change> changes;
  if (!state.graph.empty() && state.graph != graph) {
    changes.push_back({"graph", state.graph + " -> " + graph});
  }
  const Config before(ReadYaml(state.config, checkpoint));
  for (const std::string& key : before.Keys()) {
    const Value *was = before.Find(key), *is = config.Find(key);
    if (is == nullptr || IsWithoutTrace(key)) continue;
    const bool same = key == kAccumulation && BatchesOfAStep(*was, 1) > 0
                          ? BatchesOfAStep(*was, state.ranks) == BatchesOfAStep(*is, RanksNow())
                          : Same(*was, *is);
    if (same) continue;
    if (IsOfOldPackedCache(key, before) || key == kShuffle) continue;
    changes.push_back({key, was->ToString() + " -> " + is->ToString()});
  }
  if (MixedShards(before) != MixedShards(config)) {
    changes.push_back({kShuffle, std::to_string(MixedShards(before)) + " -> " +
                                     std::to_string(MixedShards(config))});
  }
  return changes;
}

}  // namespace

bool IsWithoutTrace(std::string_view key) {
  return std::any_of(kFree.begin(), kFree.end(), [key](std::string_view one) {
    return one.back() == '.' ? key.substr(0, one.size()) == one : key == one;
  });
}

ResumePoint FindResumePoint(const ResumeRequest& request, const std::string& run_dir,
                            const Config& config) {
  if (!request.from.empty()) return PointAt(request.from, run_dir);
  if (run_dir.empty()) return PointAt(NewestRun(config), run_dir);
  if (HasCheckpoint(run_dir)) return PointAt(run_dir, run_dir);
  LogInfo("there is no checkpoint in " + run_dir + " yet: the run begins");
  ResumePoint beginning;
  beginning.run_dir = run_dir;
  beginning.same_folder = true;
  return beginning;
}

void TakeRunParameters(const ResumePoint& point, Config& config) {
  if (point.checkpoint.empty()) return;
  const Config stored(ReadYaml(point.state.config, point.checkpoint));
  for (const std::string& key : stored.Keys()) {
    if (IsOfOneRun(key) || config.Find(key) == nullptr) continue;
    PutParameter(config, key, *stored.Find(key));
  }
  ShareSteps(point, config);
}

void PutResumePoint(const ResumePoint& point, Config& config) {
  const char* given_with = "--resume";
  PutParameter(config, "run.path", TextValue(point.run_dir, given_with));
  PutParameter(config, "run.go_on", PlainValue(point.same_folder ? "true" : "false", given_with));
  PutParameter(config, "run.resume", TextValue(point.checkpoint, given_with));
  PutParameter(config, "run.start_step",
               PlainValue(std::to_string(point.state.steps_done), given_with));
  // The checkpoint has the weights, wherever they came from originally.
  if (!point.checkpoint.empty()) PutParameter(config, "model.init", TextValue("", given_with));
}

void ExpectImages(const ResumePoint& point, const ResumeRequest& request, ImageDataset& dataset) {
  if (point.checkpoint.empty()) return;
  if (const auto images = DatasetIdentity::FromText(point.state.dataset)) {
    dataset.Expect(*images, point.checkpoint, request.anyway);
    return;
  }
  LogInfo(point.checkpoint +
          " does not say which images it was trained on, as checkpoints of older versions do not: "
          "that the data set is still the same is not checked, but for the length of an epoch");
}

void CheckParameters(const ResumePoint& point, const ResumeRequest& request,
                     const std::string& graph, const Config& config) {
  if (point.checkpoint.empty()) return;
  std::string refused, allowed;
  for (const Change& change : ChangesOf(point.state, point.checkpoint, graph, config)) {
    const char* effect = EffectOf(change.key);
    if (effect == nullptr) {
      refused += "\n  " + change.key + ": " + change.text;
    } else {
      allowed += "\n  " + change.key + ": " + change.text + " (changes " + effect + ')';
    }
  }
  if (!allowed.empty()) {
    LogWarning("the run goes on, but not bit for bit as it would have, with other parameters:" +
               allowed);
  }
  if (refused.empty()) return;
  if (!request.anyway) {
    throw ConfigError("these parameters are not those of the run so far (" + point.checkpoint +
                      "), and another run would come of them:" + refused +
                      "\nLeave them as they were; or begin a new run (--init takes over the "
                      "weights); or go on all the same with --resume-anyway");
  }
  LogWarning("the run goes on with parameters that make it another run:" + refused);
}

void CheckEpochLength(const ResumePoint& point, const Config& config, uint64_t steps_per_epoch) {
  if (point.checkpoint.empty() || point.state.steps_per_epoch == steps_per_epoch) return;
  const std::string what = "the run cannot go on from " + point.checkpoint + ": an epoch has " +
                           std::to_string(steps_per_epoch) + " steps now and had " +
                           std::to_string(point.state.steps_per_epoch) +
                           ", and its place is counted in steps. ";
  const std::string or_begin = ", or begin a new run from these weights with --init";
  std::string changes;
  const Config before(ReadYaml(point.state.config, point.checkpoint));
  for (const char* key : kOfAStep) {
    const Value *was = before.Find(key), *is = config.Find(key);
    if (was == nullptr || is == nullptr || Same(*was, *is)) continue;
    changes += std::string(changes.empty() ? "" : ", ") + key + " (" + was->ToString() + " -> " +
               is->ToString() + ')';
  }
  if (!changes.empty()) throw ConfigError(what + "Take back the change of " + changes + or_begin);
  throw DataError(what + "The data set has gained or lost images: give it back those it had" +
                  or_begin);
}

}  // namespace flowtrain
