#include "tools/load/join_ranks.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/distributed/launch/rank_cores.h"
#include "nodes/run/crc32c.h"
#include "nodes/train/model/simclr_model.h"
#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

// Of each machine, or without a trace in the weights beyond rounding.
constexpr std::array<std::string_view, 5> kMayDiffer = {"threads", "device", "data.root",
                                                        "data.cache", "distributed.interface"};

bool MayDiffer(std::string_view key) {
  if (key.starts_with("evaluate.")) return false;  // all ranks evaluate together
  return IsWithoutTrace(key) ||
         std::find(kMayDiffer.begin(), kMayDiffer.end(), key) != kMayDiffer.end();
}

std::string DigestOf(const SimclrModel& model) {
  uint32_t sum = 0;
  for (const at::Tensor& parameter : model.module().parameters()) {
    const at::Tensor values = parameter.detach().cpu().contiguous();
    const std::string_view bytes(static_cast<const char*>(values.data_ptr()), values.nbytes());
    sum = sum * 31 + Crc32c(bytes);
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08x", sum);
  return text.data();
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
    text += "weights with the checksum " + DigestOf(*model) + '\n';
  }
  ranks.ExpectSame(text);
}

}  // namespace flowtrain
