// Wording shared by the texts about graphs and about types.
#pragma once

#include <string>

#include "pipeline/node/node.h"

namespace flowtrain::internal {

// "sample node", "resource".
const char* KindName(NodeSpec::Kind kind);

// Where Process calls of the type run: on as many threads as the graph says, on the device lane, or
// one at a time on any thread.
enum class RunsOn { kWorkers, kLane, kOneAtATime };
RunsOn RunsOnOf(const NodeSpec& spec);
const char* PlaceText(RunsOn place);  // "the device lane"

}  // namespace flowtrain::internal
