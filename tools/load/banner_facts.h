// What the banner says of an opened graph.
#pragma once

#include "nodes/report/banner.h"
#include "pipeline/config/config.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

BannerFacts GatherBannerFacts(const Graph& graph, const Config& config);

}  // namespace flowtrain
