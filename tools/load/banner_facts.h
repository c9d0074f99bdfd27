// What the banner says of an opened graph.
#pragma once

#include "nodes/report/banner.h"
#include "pipeline/config/config.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

// Between Open and Run.
BannerFacts GatherBannerFacts(Graph& graph, const Config& config);

}  // namespace flowtrain
