// timing.json: where the time of a run went. docs/timing.md has its schema.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/snapshot.h"
#include "tools/timing/recorder.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

constexpr int kTimingVersion = 1;

// What a timing is made of.
struct Timing {
  const GraphDef& def;  // that ran
  const Registry& registry;
  std::string device;  // its name; empty: the loader alone was run
  Snapshot part;       // that was measured
  uint64_t steps = 0;  // of it
  std::vector<Slice> slices;
  RunLoad load;  // with what was measured alone, where it was
  Capacity most;
  bool sweep = false;  // say how the nodes scale
};

nlohmann::json TimingJson(const Timing& timing);

// Reads the file. Throws ConfigError where there is none, and for one that is no timing or of a
// newer version.
nlohmann::json ReadTiming(const std::string& path);

}  // namespace flowtrain
