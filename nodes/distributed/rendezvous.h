// How the ranks of a launch find each other, and how they part.
#pragma once

#include <chrono>

#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/rank_store.h"

namespace flowtrain {

// Waits until all ranks have come to the store. Throws ConfigError where one is missing at `end`,
// which is `timeout_s` after the beginning, where this one is there twice, and where another was
// launched as one of a different number.
void FindEachOther(RankStore& store, const Launch& launch,
                   std::chrono::steady_clock::time_point end, double timeout_s);

// This rank has done its part. Rank 0, which serves the store, waits until all have, for `timeout_s`
// at most.
void LeaveTogether(RankStore& store, const Launch& launch, double timeout_s);

}  // namespace flowtrain
