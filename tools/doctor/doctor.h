// Whether this machine is fit for a run, and what would mend it.
#pragma once

#include <string>

#include "tools/doctor/finding.h"
#include "tools/load/load.h"

namespace flowtrain {

// Looks at everything that a run of the graph needs: GPU, memory, cores, disks, data, environment.
// Takes a few seconds. Throws ConfigError for a graph that is not valid.
Findings Examine(const GraphRequest& request);

// A line each: "✓ GPU: NVIDIA GeForce RTX 3060", "! …", "✗ …", with the remedy below it.
std::string ToText(const Findings& findings);
// {"findings": [{"level": "ok" | "warning" | "error", "subject", "text", "remedy"}], "ok": true}
std::string ToJson(const Findings& findings);

bool HasFault(const Findings& findings);

}  // namespace flowtrain
