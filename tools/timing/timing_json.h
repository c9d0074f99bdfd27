// timing.json: where the time of a run went. docs/timing.md has its schema.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "nodes/run/gpu_status.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/snapshot.h"
#include "tools/timing/recorder.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

constexpr int kTimingVersion = 1;

// What a timing is made of.
struct Timing {
  const GraphDef& def;  // the graph that ran
  const Registry& registry;
  std::string device;  // its name; empty: only the loader was run
  Snapshot part;       // the part that was measured
  uint64_t steps = 0;  // in that part
  std::vector<Slice> slices;
  RunLoad load;  // with what was measured alone, if anything was
  Capacity most;
  bool sweep = false;  // report how the nodes scale
  // In that part (Recorder::MeasuredGpu); empty where the driver does not tell.
  GpuStatus gpu;
};

nlohmann::json TimingJson(const Timing& timing);

// Reads the file. Throws ConfigError if there is none, and for a file that is not a timing or is of
// a newer version.
nlohmann::json ReadTiming(const std::string& path);

}  // namespace flowtrain
