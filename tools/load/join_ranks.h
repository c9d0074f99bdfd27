// A training that is one of several processes.
#pragma once

#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/rank_group.h"
#include "pipeline/runtime/graph.h"
#include "tools/load/load.h"

namespace flowtrain {

// Before the graph is opened: makes it the graph of this rank. Returns what connects it with the
// others; null where the graph has none, which for more than one rank is a ConfigError.
RankGroup* JoinRanks(const Launch& launch, const Graph& graph);

// Once it is open: throws ConfigError where this rank is to train something else than rank 0: with
// other parameters, on other images, from other weights.
void CompareWithRankZero(const LoadedGraph& loaded, const Graph& graph, RankGroup& ranks);

}  // namespace flowtrain
