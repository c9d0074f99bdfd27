#include "tools/load/join_ranks.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/distributed/launch/rank_cores.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/model/weights_digest.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// Of each machine, or without a trace in the weights beyond rounding.
constexpr std::array<std::string_view, 6> kMayDiffer = {
    "threads", "device", "data.root", "data.cache", "distributed.interface", "checkpoint"};

bool MayDiffer(std::string_view key) {
  if (key.starts_with("evaluate.")) return false;  // all ranks evaluate together
  return IsWithoutTrace(key) ||
         std::find(kMayDiffer.begin(), kMayDiffer.end(), key) != kMayDiffer.end();
}

bool UsesRanks(const NodeDef& node) {
  for (const NodeSpec::Use& use : Registry::Global().Find(node.type)->spec.uses) {
    if (use.type != "RankGroup") continue;
    for (const UseDef& given : node.uses) {
      if (given.name == use.name) return true;
    }
  }
  return false;
}

// A source that knows nothing of other ranks gives each of them all images, and what is made of an
// evaluation's features by such a node is made of a part of them.
void RefuseWhatCannotShare(const Graph& graph, const Launch& launch) {
  const std::vector<NodeDef>& nodes = graph.def().nodes;
  const bool evaluates = nodes.front().type == "OrderedSource";
  for (const NodeDef& node : nodes) {
    const NodeSpec::Kind kind = Registry::Global().Find(node.type)->spec.kind;
    const bool is_source = kind == NodeSpec::Kind::kSource;
    if (!is_source && !(evaluates && kind == NodeSpec::Kind::kStep)) continue;
    if (UsesRanks(node)) continue;
    throw ConfigError(launch.ranks_variable + " says that there are " +
                      std::to_string(launch.ranks) + " ranks, but the node " + node.name + " (" +
                      node.type + ") of the graph " + graph.def().name +
                      (is_source ? " would give each of them all images"
                                 : " would see the images of its own rank alone") +
                      ": it does not use the resource `ranks`. Start one process");
  }
}

}  // namespace

RankGroup* JoinRanks(const Launch& launch, const Graph& graph) {
  auto* ranks = FindComponent<RankGroup>(graph);
  if (ranks == nullptr) {
    if (launch.ranks == 1) return nullptr;
    throw ConfigError(launch.ranks_variable + " says that there are " +
                      std::to_string(launch.ranks) + " ranks, but the graph " + graph.def().name +
                      " has nothing that connects them: add `ranks: {type: RankGroup}` to its "
                      "resources, or start one process");
  }
  if (launch.ranks > 1) RefuseWhatCannotShare(graph, launch);
  ranks->Join(launch);
  if (auto* device = FindComponent<Device>(graph); device != nullptr && launch.ranks > 1) {
    device->ShareMachine(launch.local_rank, ThreadsOfRank(launch));
  }
  return ranks;
}

void CompareWithRankZero(const LoadedGraph& loaded, const Graph& graph, RankGroup& ranks) {
  if (!ranks.several()) return;
  std::string text = "graph " + loaded.def.name + '\n';
  for (const std::string& key : loaded.config.Keys()) {
    if (!MayDiffer(key)) text += key + '=' + loaded.config.Find(key)->ToString() + '\n';
  }
  if (loaded.resume)
    text += "steps done: " + std::to_string(loaded.resume->state.steps_done) + '\n';
  if (auto* dataset = FindComponent<ImageDataset>(graph)) {
    text += "a data set of " + dataset->identity().ToText() + '\n';
  }
  if (const auto* model = FindComponent<SimclrModel>(graph)) {
    text += "weights with the checksum " + WeightsDigest(model->module()) + '\n';
  }
  ranks.ExpectSame(text);
}

}  // namespace flowtrain
