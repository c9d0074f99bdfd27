#include "tools/measure/partial_graph.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/config/put_parameter.h"

namespace flowtrain {
namespace {

constexpr int64_t kManyEpochs = 1000000;  // max_steps ends the run, not the data set
constexpr int64_t kManySteps = 1000000000;
constexpr char kConsumer[] = "Consumer", kHostConsumer[] = "HostConsumer";

NodeSpec::Kind KindOf(const ComponentDef& def, const Registry& registry) {
  return registry.Find(def.type)->spec.kind;
}

void SetOption(ComponentDef& def, const std::string& key, const std::string& text) {
  Value value = PlainValue(text, "bench");
  for (Entry& option : def.options) {
    if (option.key != key) continue;
    option.value = std::move(value);
    return;
  }
  def.options.push_back({key, value.at, std::move(value)});
}

void SetOption(ComponentDef& def, const std::string& key, int64_t number) {
  SetOption(def, key, std::to_string(number));
}

// The same, if the type has such an option.
void SetIfDeclared(ComponentDef& def, const Registry& registry, const std::string& key,
                   const std::string& text) {
  for (const OptionSpec& option : registry.Find(def.type)->spec.options) {
    if (option.name == key) SetOption(def, key, text);
  }
}

void SetIfDeclared(ComponentDef& def, const Registry& registry, const std::string& key,
                   int64_t number) {
  SetIfDeclared(def, registry, key, std::to_string(number));
}

// Otherwise a bench would make a run's folder for files that nodes may have to write there.
void DropRunDir(GraphDef& def, const Registry& registry) {
  for (NodeDef& node : def.nodes) {
    for (const NodeSpec::Use& use : registry.Find(node.type)->spec.uses) {
      if (!use.optional || use.type != "RunDir") continue;
      std::erase_if(node.uses, [&](const UseDef& given) { return given.name == use.name; });
    }
  }
}

std::vector<NodeDef>::iterator FindStage(GraphDef& def, const Registry& registry) {
  const auto stage = std::find_if(def.nodes.begin(), def.nodes.end(), [&](const NodeDef& node) {
    return KindOf(node, registry) == NodeSpec::Kind::kCollate;
  });
  if (stage == def.nodes.end()) {
    throw ConfigError(def.file + ": this needs a graph with a stage node");
  }
  return stage;
}

// Cuts what comes after the optimiser (the first step node), or after the node of type `keep` that
// follows it. Returns its output.
std::vector<PortDef> EndWithOptimiser(GraphDef& def, const Registry& registry,
                                      const std::string& keep = "") {
  auto optimiser = std::find_if(def.nodes.begin(), def.nodes.end(), [&](const NodeDef& node) {
    return KindOf(node, registry) == NodeSpec::Kind::kStep;
  });
  if (optimiser == def.nodes.end()) {
    RefuseLentBatches(def);
    throw ConfigError(def.file +
                      ": this needs a graph that trains: it has no optimiser's node (the loader "
                      "alone: flowtrain bench loader, or --no-device of timing and tune)");
  }
  if (optimiser + 1 != def.nodes.end() && (optimiser + 1)->type == keep) ++optimiser;
  def.nodes.erase(optimiser + 1, def.nodes.end());
  DropRunDir(def, registry);
  return std::exchange(def.nodes.back().out, {});
}

// What a node of the graph knows as its device; empty if none has one.
std::vector<UseDef> DeviceOf(const GraphDef& def) {
  for (const NodeDef& node : def.nodes) {
    for (const UseDef& use : node.uses) {
      if (use.name == "device") return {use};
    }
  }
  return {};
}

// The same, and ends the graph with a meter.
void EndWithMeter(GraphDef& def, const Registry& registry, int64_t skip,
                  const std::string& keep = "") {
  NodeDef meter;
  meter.name = "meter";
  meter.type = "StepMeter";
  meter.in = EndWithOptimiser(def, registry, keep);
  if (meter.in.empty()) {
    throw ConfigError(def.file + ": bench needs a graph with an optimiser's node and one after it");
  }
  meter.uses = DeviceOf(def);
  SetOption(meter, "skip", skip);
  def.nodes.back().out = meter.in;
  def.nodes.push_back(std::move(meter));
}

// Replaces everything before the stage node with a FixedSource.
void FeedFixed(GraphDef& def, const Registry& registry, int64_t steps) {
  NodeDef source;
  source.name = "fixed_source";
  source.type = "FixedSource";
  SetOption(source, "steps", steps);
  for (const Entry& option : def.nodes.front().options) {
    if (option.key == "window" || option.key == "effective_batch") source.options.push_back(option);
  }
  const auto stage = FindStage(def, registry);
  source.out = stage->in;
  def.nodes.erase(def.nodes.begin(), stage);
  def.nodes.insert(def.nodes.begin(), std::move(source));
}

void DropUnusedResources(GraphDef& def) {
  std::set<std::string> used;
  for (const NodeDef& node : def.nodes) {
    for (const UseDef& use : node.uses) used.insert(use.resource);
  }
  // A resource comes after those that it uses, so one pass from the end finds them all.
  for (auto resource = def.resources.rbegin(); resource != def.resources.rend(); ++resource) {
    if (used.count(resource->name) == 0) continue;
    for (const UseDef& use : resource->uses) used.insert(use.resource);
  }
  def.resources.erase(
      std::remove_if(def.resources.begin(), def.resources.end(),
                     [&](const ComponentDef& resource) { return used.count(resource.name) == 0; }),
      def.resources.end());
}

// What stands in the place of a stage node: it knows no device, and of a program that takes the
// batches only which values it asks for.
NodeDef HostStageFor(const NodeDef& stage) {
  if (stage.uses.empty()) return stage;
  NodeDef host = stage;
  host.type = "HostStage";
  std::erase_if(host.uses, [](const UseDef& use) { return use.name != "consumer"; });
  std::erase_if(host.options, [](const Entry& option) {
    return option.key != "batch_size" && option.key != "image_size" && option.key != "views" &&
           option.key != "recipes";
  });
  return host;
}

// Of the loader alone, without an end. Nobody takes its batches.
GraphDef UpToStage(const GraphDef& def, const Registry& registry) {
  GraphDef host = def;
  NodeDef& source = host.nodes.front();
  SetIfDeclared(source, registry, "epochs", kManyEpochs);
  SetIfDeclared(source, registry, "max_steps", 0);
  SetIfDeclared(source, registry, "window", 1);  // so that a drain need not finish a large one
  SetIfDeclared(source, registry, "effective_batch", 0);

  const auto stage = FindStage(host, registry);
  host.nodes.erase(stage + 1, host.nodes.end());
  DropRunDir(host, registry);
  host.nodes.back() = HostStageFor(host.nodes.back());
  host.nodes.back().out.clear();
  for (ComponentDef& resource : host.resources) {
    if (resource.type == kConsumer) resource.type = kHostConsumer;
  }
  DropUnusedResources(host);
  return host;
}

void AddPacedDevice(GraphDef& host, double images_per_s) {
  NodeDef device;
  device.name = "paced_device";
  device.type = "PacedDevice";
  device.in = {{"batches", {}}};
  SetOption(device, "images_per_s", std::to_string(images_per_s));
  host.nodes.back().out = device.in;
  host.nodes.push_back(std::move(device));
}

}  // namespace

GraphDef LoaderGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip,
                     const std::string& keep) {
  GraphDef loader = def;
  EndWithMeter(loader, registry, skip, keep);
  SetOption(loader.nodes.front(), "epochs", kManyEpochs);
  SetOption(loader.nodes.front(), "max_steps", steps);
  DropUnusedResources(loader);
  return loader;
}

GraphDef FixedGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip) {
  GraphDef fixed = def;
  EndWithMeter(fixed, registry, skip);
  FeedFixed(fixed, registry, steps);
  DropUnusedResources(fixed);
  return fixed;
}

GraphDef TrainGraph(const GraphDef& def, const Registry& registry) {
  GraphDef train = def;
  EndWithOptimiser(train, registry);
  SetIfDeclared(train.nodes.front(), registry, "epochs", kManyEpochs);
  SetIfDeclared(train.nodes.front(), registry, "max_steps", 0);
  DropUnusedResources(train);
  return train;
}

GraphDef DeviceGraph(const GraphDef& def, const Registry& registry) {
  GraphDef device = def;
  EndWithOptimiser(device, registry);
  FeedFixed(device, registry, kManySteps);
  DropUnusedResources(device);
  return device;
}

GraphDef HostGraph(const GraphDef& def, const Registry& registry, double device_rate) {
  GraphDef host = UpToStage(def, registry);
  SetIfDeclared(host.nodes.front(), registry, "drop_last", "true");
  if (device_rate > 0) AddPacedDevice(host, device_rate);
  return host;
}

GraphDef ViewsGraph(const GraphDef& def, const Registry& registry) {
  GraphDef views = UpToStage(def, registry);
  for (ComponentDef& resource : views.resources) {
    if (resource.type == kHostConsumer) SetOption(resource, "values", "uint8");
  }
  return views;
}

void RefuseLentBatches(const GraphDef& def) {
  for (const ComponentDef& resource : def.resources) {
    if (resource.type != kConsumer) continue;
    throw ConfigError(def.file +
                      ": a Python program takes its batches, and there loader.timing() and "
                      "loader.tune() measure it (docs/python.md); the loader by itself: flowtrain "
                      "bench loader, or flowtrain timing --no-device");
  }
}

GraphDef OnOneWorker(GraphDef def) {
  def.workers = 1;
  for (NodeDef& node : def.nodes) node.workers = 1;
  return def;
}

}  // namespace flowtrain
