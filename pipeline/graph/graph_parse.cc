#include "pipeline/graph/graph_parse.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/memory_budget.h"
#include "pipeline/config/find_entry.h"
#include "pipeline/graph/interpolate.h"
#include "pipeline/node/options.h"

namespace flowtrain::internal {
namespace {

// Workers and slots: more is a typing error, and would take all memory before doing anything.
constexpr double kMostOfAnything = 65536;

// The place of a value, or of what refers to it where it is a parameter's: the graph is wrong then,
// not the parameter.
const Position& PlaceInGraph(const Entry& entry, const Value& value) {
  return value.parameter.empty() ? value.at : entry.at;
}

// The map under `key`, or nullptr: absent, empty, or a finding.
const Value* ReadMap(const Value& map, std::string_view key, const std::string& what,
                     Problems& problems) {
  const Entry* entry = FindEntry(map, key);
  if (entry == nullptr || entry->value.kind == Value::Kind::kNull) return nullptr;
  if (entry->value.kind == Value::Kind::kMap) return &entry->value;
  if (!IsUnresolved(entry->value)) {
    problems.Add(PlaceInGraph(*entry, entry->value),
                 what + " must be a map, not " + Quoted(entry->value.ToString()));
  }
  return nullptr;
}

std::string ReadText(const Entry& entry, const std::string& what, Problems& problems) {
  std::string text;
  if (IsUnresolved(entry.value)) return text;
  if (!Read(entry.value, text) || text.empty()) {
    problems.AddWrong(entry.value, what, WrongType(entry.value, "a name"));
  }
  return text;
}

// A map of options, or a list of such maps, each of which overrides those before it.
std::vector<Entry> ReadOptions(const Entry& entry, const std::string& what, Problems& problems) {
  const Value& value = entry.value;
  const bool is_list = value.kind == Value::Kind::kList;
  std::vector<Entry> options;
  for (const Value& layer : is_list ? value.items : std::vector<Value>{value}) {
    if (layer.kind == Value::Kind::kMap) {
      options.insert(options.end(), layer.entries.begin(), layer.entries.end());
    } else if (layer.kind != Value::Kind::kNull && !IsUnresolved(layer)) {
      problems.Add(PlaceInGraph(entry, layer), what + " must be a map" +
                                                   (is_list ? ", or a list of maps" : "") +
                                                   ", not " + Quoted(layer.ToString()));
    }
  }
  return options;
}

// Both nodes and resources. `owner` is "node" or "resource".
ComponentDef ParseComponent(const Entry& entry, const std::string& owner, Problems& problems) {
  ComponentDef def;
  def.name = entry.key;
  def.at = entry.at;
  if (const Entry* type = FindEntry(entry.value, "type")) {
    def.type = ReadText(*type, def.name + ".type", problems);
  } else {
    problems.Add(entry.at, owner + " " + Quoted(def.name) + " has no type");
  }
  if (const Value* uses = ReadMap(entry.value, "uses", def.name + ".uses", problems)) {
    for (const Entry& use : uses->entries) {
      const std::string resource = ReadText(use, def.name + ".uses." + use.key, problems);
      def.uses.push_back({use.key, resource, use.value.at});
    }
  }
  if (const Entry* options = FindEntry(entry.value, "options")) {
    def.options = ReadOptions(*options, def.name + ".options", problems);
  }
  return def;
}

bool CheckIsMap(const Entry& entry, const std::string& owner, Problems& problems) {
  if (entry.value.kind == Value::Kind::kMap) return true;
  if (!IsUnresolved(entry.value)) {
    problems.Add(entry.at, owner + " " + Quoted(entry.key) + " must be a map with a type, not " +
                               Quoted(entry.value.ToString()));
  }
  return false;
}

// `in` or `out`: a name or a list of names.
std::vector<PortDef> ReadPorts(const Entry& entry, const std::string& what, bool& resolved,
                               Problems& problems) {
  std::vector<PortDef> ports;
  std::vector<std::string> names;
  resolved = !IsUnresolved(entry.value);
  if (!resolved) return ports;
  const bool is_list = entry.value.kind == Value::Kind::kList;
  resolved =
      Read(entry.value, names) &&
      std::none_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); });
  if (!resolved) {
    problems.AddWrong(entry.value, what,
                      WrongType(entry.value, "the name of a stream, nor a list of names"));
    return ports;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    ports.push_back({names[i], is_list ? entry.value.items[i].at : entry.value.at});
  }
  return ports;
}

void ParseResources(const Value& graph, GraphDef& def, Problems& problems) {
  const Value* resources = ReadMap(graph, "resources", "resources", problems);
  if (resources == nullptr) return;
  for (const Entry& entry : resources->entries) {
    if (!CheckIsMap(entry, "resource", problems)) continue;
    CheckKeys(entry.value, {"type", "uses", "options"}, "of resource " + Quoted(entry.key),
              problems);
    def.resources.push_back(ParseComponent(entry, "resource", problems));
  }
}

// Left to the run, which sets it as it goes.
bool IsAuto(const Value& value) {
  return value.kind == Value::Kind::kScalar && value.scalar == "auto";
}

int ReadWorkers(const Entry& entry, const std::string& what, Problems& problems) {
  int64_t number = 0;
  if (IsUnresolved(entry.value) || Read(entry.value, number)) {
    return ReadCount(entry, what, 1, problems);
  }
  problems.AddWrong(entry.value, what, WrongType(entry.value, "an integer >= 1 or auto"));
  return 1;
}

ParsedNode ParseNode(const Entry& entry, Problems& problems) {
  CheckKeys(entry.value, {"type", "in", "out", "workers", "uses", "options"},
            "of node " + Quoted(entry.key), problems);
  ParsedNode node;
  static_cast<ComponentDef&>(node.def) = ParseComponent(entry, "node", problems);
  if (const Entry* in = FindEntry(entry.value, "in")) {
    node.def.in = ReadPorts(*in, entry.key + ".in", node.in_resolved, problems);
  }
  if (const Entry* out = FindEntry(entry.value, "out")) {
    node.def.out = ReadPorts(*out, entry.key + ".out", node.out_resolved, problems);
  }
  if (const Entry* workers = FindEntry(entry.value, "workers")) {
    node.workers = *workers;
    node.auto_workers = IsAuto(workers->value);
    if (!node.auto_workers) {
      node.def.workers = ReadWorkers(*workers, entry.key + ".workers", problems);
    }
  }
  return node;
}

// Whatever memory there is.
std::string CheckMemory(const std::string& limit) {
  constexpr uint64_t kAnyTotal = uint64_t{1} << 40;
  try {
    if (!limit.empty()) ParseMemorySize(limit, kAnyTotal);
    return {};
  } catch (const ConfigError& error) {
    return error.what();
  }
}

void ParseLimits(const Value& graph, GraphDef& def, Problems& problems) {
  const Value* limits = ReadMap(graph, "limits", "limits", problems);
  if (limits == nullptr) return;
  CheckKeys(*limits, {"host_memory"}, "of limits", problems);
  const Entry* memory = FindEntry(*limits, "host_memory");
  if (memory == nullptr || IsUnresolved(memory->value)) return;
  if (memory->value.kind != Value::Kind::kNull && !Read(memory->value, def.host_memory)) {
    problems.AddWrong(memory->value, "limits.host_memory",
                      WrongType(memory->value, "an amount of memory"));
  }
  if (const std::string wrong = CheckMemory(def.host_memory); !wrong.empty()) {
    problems.AddWrong(memory->value, "limits.host_memory", wrong);
  }
}

void ParseNodes(const Value& graph, ParsedGraph& parsed, Problems& problems) {
  const Entry* entry = FindEntry(graph, "nodes");
  parsed.nodes_at = entry == nullptr ? graph.at : entry->at;
  const Value* nodes = ReadMap(graph, "nodes", "nodes", problems);
  if (entry == nullptr || entry->value.kind == Value::Kind::kNull ||
      (nodes != nullptr && nodes->entries.empty())) {
    problems.Add(parsed.nodes_at, "the graph has no nodes");
  }
  if (nodes == nullptr) return;
  for (const Entry& node : nodes->entries) {
    for (const ComponentDef& resource : parsed.def.resources) {
      if (resource.name != node.key) continue;
      problems.Add(node.at, Quoted(node.key) + " is also the name of a resource (line " +
                                std::to_string(resource.at.line) + ")");
    }
    if (CheckIsMap(node, "node", problems)) parsed.nodes.push_back(ParseNode(node, problems));
  }
}

void ParsePools(const Value& graph, GraphDef& def, Problems& problems) {
  const Value* pools = ReadMap(graph, "pools", "pools", problems);
  if (pools == nullptr) return;
  CheckKeys(*pools, {"samples", "batches"}, "of pools", problems);
  if (const Entry* samples = FindEntry(*pools, "samples")) {
    def.sample_slots = ReadCount(*samples, "pools.samples", 0, problems);
  }
  if (const Entry* batches = FindEntry(*pools, "batches")) {
    def.batch_slots = ReadCount(*batches, "pools.batches", 1, problems);
  }
}

// A count that is left to the run begins at the number of cores.
void ParseWorkers(const Value& graph, ParsedGraph& parsed, Problems& problems) {
  const int cores = ReadCpuLimits().usable;
  for (ParsedNode& node : parsed.nodes) {
    if (!node.auto_workers) continue;
    parsed.def.auto_workers = true;
    node.def.workers = cores;
  }
  if (const Entry* workers = FindEntry(graph, "workers");
      workers != nullptr && !IsAuto(workers->value)) {
    parsed.def.workers = ReadWorkers(*workers, "workers", problems);
    return;
  }
  if (FindEntry(graph, "workers") != nullptr) {
    parsed.def.auto_workers = true;
    parsed.def.workers = cores;
    return;
  }
  for (const ParsedNode& node : parsed.nodes) {
    parsed.def.workers = std::max(parsed.def.workers, node.def.workers);
  }
}

}  // namespace

int ReadCount(const Entry& entry, const std::string& what, int low, Problems& problems) {
  if (IsUnresolved(entry.value)) return low;
  int count = low;
  const Between bounds{static_cast<double>(low), kMostOfAnything};
  const std::string wrong = Read(entry.value, count)
                                ? CheckBound(count, bounds)
                                : WrongType(entry.value, "an integer, " + BoundText(bounds));
  if (wrong.empty()) return count;
  problems.AddWrong(entry.value, what, wrong);
  return low;
}

ParsedGraph ParseGraph(const Value& resolved, Problems& problems) {
  ParsedGraph parsed;
  parsed.def.file = resolved.at.file;
  parsed.def.name = std::filesystem::path(parsed.def.file).stem().string();
  if (resolved.kind != Value::Kind::kMap) {
    problems.Add(resolved.at,
                 std::string("a graph must be a map with nodes, not ") + resolved.KindName());
    return parsed;
  }
  CheckKeys(resolved,
            {"graph", "extends", "config", "sample_config", "parameters", "limits", "pools",
             "workers", "resources", "nodes"},
            "of a graph", problems);
  for (const char* key : {"config", "sample_config"}) {
    if (const Entry* entry = FindEntry(resolved, key)) ReadText(*entry, key, problems);
  }
  if (const Entry* name = FindEntry(resolved, "graph")) {
    parsed.def.name = ReadText(*name, "graph", problems);
  }
  ParsePools(resolved, parsed.def, problems);
  ParseLimits(resolved, parsed.def, problems);
  ParseResources(resolved, parsed.def, problems);
  ParseNodes(resolved, parsed, problems);
  ParseWorkers(resolved, parsed, problems);
  return parsed;
}

}  // namespace flowtrain::internal
