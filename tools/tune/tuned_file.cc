#include "tools/tune/tuned_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/output_path.h"
#include "pipeline/base/text/units.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/put_parameter.h"
#include "pipeline/config/yaml_write.h"
#include "tools/load/find_file.h"
#include "tools/measure/partial_graph.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kVersion = 1;

// Options that affect the speed of neither the loader nor the device.
const std::set<std::string>& OptionsOfNoCost() {
  static const std::set<std::string> names = {"seed",
                                              "epochs",
                                              "max_steps",
                                              "start_step",
                                              "max_bad_fraction",
                                              "resume",
                                              "max_nonfinite_steps",
                                              "temperature",
                                              "init",
                                              "if_missing",
                                              "effective_batch"};
  return names;
}

constexpr char kMadeBy[] = "flowtrain tune";

Value Number(int64_t number) { return PlainValue(std::to_string(number), kMadeBy); }
Value Rate(double images_per_s) { return PlainValue(ShowFixed(images_per_s, 1), kMadeBy); }

Value Map() {
  Value map;
  map.kind = Value::Kind::kMap;
  return map;
}

void Put(Value& map, const std::string& key, Value value) {
  map.entries.emplace_back();
  map.entries.back().key = key;
  map.entries.back().value = std::move(value);
}

void AddOptions(const ComponentDef& def, std::map<std::string, std::string>& holds_for) {
  holds_for[def.name + ".type"] = def.type;
  for (const Entry& option : def.options) {
    if (OptionsOfNoCost().count(option.key) != 0) continue;
    holds_for[def.name + '.' + option.key] = option.value.ToString();
  }
}

Value ToValue(const TunedGraph& tuned) {
  Value holds_for = Map(), workers = Map(), graph = Map();
  for (const auto& [key, value] : tuned.holds_for) Put(holds_for, key, TextValue(value, kMadeBy));
  for (const auto& [node, count] : tuned.workers) Put(workers, node, Number(count));
  Put(graph, "threads", Number(tuned.threads));
  Put(graph, "workers", std::move(workers));
  Put(graph, "sample_slots", Number(tuned.sample_slots));
  Put(graph, "batch_slots", Number(tuned.batch_slots));
  Put(graph, "images_per_s_before", Rate(tuned.before));
  Put(graph, "images_per_s_after", Rate(tuned.after));
  Put(graph, "holds_for", std::move(holds_for));
  return graph;
}

// The value under `key`, as a T that is at least `least`.
template <typename T>
T Need(const Value& map, const std::string& key, T least) {
  const Value* value = map.Find(key);
  T read{};
  if (value == nullptr || !Read(*value, read) || read < least) {
    internal::ThrowConfigError(value == nullptr ? map.at : value->at,
                               "'" + key + "' is missing or no number of " + std::to_string(least) +
                                   " or more; run flowtrain tune again");
  }
  return read;
}

const Value& NeedMap(const Value& map, const std::string& key) {
  const Value* value = map.Find(key);
  if (value == nullptr || value->kind != Value::Kind::kMap) {
    internal::ThrowConfigError(map.at, "'" + key + "' is missing; run flowtrain tune again");
  }
  return *value;
}

Value ReadTuned(const std::string& path) {
  Value file = ReadYamlFile(path);
  const Value* version = file.Find("flowtrain_tuned");
  int64_t number = 0;
  if (version == nullptr || !Read(*version, number)) {
    throw ConfigError(path + " is not a file of flowtrain tune");
  }
  if (number > kVersion) {
    throw ConfigError(path + " was written by a newer flowtrain; run flowtrain tune again");
  }
  return file;
}

void MakeFolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) throw DataError("cannot make the folder of " + path + ": " + error.message());
}

// "cores is 4, was 2", one difference per line.
std::string Differences(const Value& stored, const std::map<std::string, std::string>& now) {
  std::string text;
  std::set<std::string> keys;
  for (const Entry& entry : stored.entries) keys.insert(entry.key);
  for (const auto& [key, value] : now) keys.insert(key);
  for (const std::string& key : keys) {
    const Value* before = stored.Find(key);
    const auto after = now.find(key);
    const std::string was = before == nullptr ? "not set" : before->scalar;
    const std::string is = after == now.end() ? "not set" : after->second;
    if (was == is) continue;
    for (const char* part :
         {"\n  ", key.c_str(), ": ", is.c_str(), " here, ", was.c_str(), " there"}) {
      text += part;
    }
  }
  return text;
}

}  // namespace

std::map<std::string, std::string> TunedFor(const GraphDef& def, const Registry& registry,
                                            const Machine& machine, const std::string& device) {
  std::map<std::string, std::string> holds_for = {{"machine.cpu", machine.cpu},
                                                  {"machine.cores", ShowFixed(machine.cores, 2)},
                                                  {"machine.device", device}};
  GraphDef train = TrainGraph(def, registry);
  train.nodes.pop_back();  // the optimiser
  std::set<std::string> used;
  for (const NodeDef& node : train.nodes) {
    AddOptions(node, holds_for);
    for (const UseDef& use : node.uses) used.insert(use.resource);
  }
  for (const ComponentDef& resource : train.resources) {
    if (used.count(resource.name) != 0) AddOptions(resource, holds_for);
  }
  return holds_for;
}

std::string TunedName(const Machine& machine) {
  std::string host = machine.host;
  std::replace(host.begin(), host.end(), '/', '-');
  return "configs/tuned/" + (host.empty() ? "this-machine" : host) + ".yaml";
}

std::string PathToTune(const Machine& machine) {
  const std::string name = TunedName(machine);
  const fs::path shipped = ShippedFolder();
  std::error_code error;
  if (shipped.empty() || fs::exists(name, error)) return name;
  // An installation may belong to another user.
  if (access((shipped / "configs").c_str(), W_OK) != 0) return name;
  return (shipped / name).string();
}

void TryTuned(const std::string& path) {
  MakeFolderOf(path);
  TryOutput(path);
  if (fs::exists(path)) NeedMap(ReadTuned(path), "graphs");
}

void WriteTuned(const std::string& path, const std::string& graph, const TunedGraph& tuned) {
  Value file_value = Map(), graphs = Map();
  if (fs::exists(path)) graphs = NeedMap(ReadTuned(path), "graphs");
  std::erase_if(graphs.entries, [&](const Entry& entry) { return entry.key == graph; });
  Put(graphs, graph, ToValue(tuned));
  Put(file_value, "flowtrain_tuned", Number(kVersion));
  Put(file_value, "graphs", std::move(graphs));
  const std::string text = "# Written by `flowtrain tune`; `flowtrain GRAPH --tuned` reads it.\n" +
                           ToBlockYaml(file_value);
  MakeFolderOf(path);
  WriteNewFile(path, text);
}

void ApplyTuned(const std::string& path, const std::map<std::string, std::string>& holds_for,
                GraphDef& def) {
  const Value file = ReadTuned(path);
  const Value* graph = NeedMap(file, "graphs").Find(def.name);
  if (graph == nullptr || graph->kind != Value::Kind::kMap) {
    throw ConfigError(path + " has no settings for the graph '" + def.name +
                      "'; find them with: flowtrain tune " + def.file);
  }
  const std::string differences = Differences(NeedMap(*graph, "holds_for"), holds_for);
  if (!differences.empty()) {
    throw ConfigError(path + " holds for another machine or graph:" + differences +
                      "\nfind the settings for this one with: flowtrain tune " + def.file +
                      ", or leave --tuned out");
  }
  def.workers = Need<int>(*graph, "threads", 1);
  def.sample_slots = Need<int>(*graph, "sample_slots", 1);
  def.batch_slots = Need<int>(*graph, "batch_slots", 1);
  const Value& workers = NeedMap(*graph, "workers");
  for (const Entry& entry : workers.entries) {
    for (NodeDef& node : def.nodes) {
      if (node.name == entry.key) node.workers = Need<int>(workers, entry.key, 1);
    }
  }
  def.auto_workers = false;
}

}  // namespace flowtrain
