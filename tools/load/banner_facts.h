// What an opened graph says of itself for the banner.
#pragma once

#include "nodes/report/banner.h"
#include "pipeline/config/config.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

BannerFacts GatherBannerFacts(const Graph& graph, const Config& config);

}  // namespace flowtrain
