// What an image takes of each resource of a run, and how many images per second that allows.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/runtime/graph_settings.h"
#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

// How fast a node is by itself, with the inputs of the graph and nothing else running.
struct AloneRate {
  int workers = 1;
  double images_per_s = 0;
  double cpu_us = 0;  // CPU time per image
  double spread = 0;  // by which share repeated measurements differ from this one
};

struct NodeLoad {
  std::string name;
  bool on_lane = false, serial = false;
  bool on_samples = true;        // otherwise it takes batches or steps
  double us = 0;                 // of Process calls, per image
  double cpu_us = 0;             // of these on a CPU, per image
  std::vector<AloneRate> alone;  // by workers; empty: not measured

  // Time of one worker per image, undisturbed if that was measured.
  double OneWorkerUs() const;
  // Images per second that `workers` of it can do: as measured alone or, if it was not, as if calls
  // did not disturb each other.
  double Rate(int workers) const;
  // The fewest workers that do `images_per_s` or, if no number does, the fewest that come within
  // 2 % of the best; at most `most`.
  int WorkersFor(double images_per_s, int most) const;
  // By which share Rate(workers) is uncertain, as measured alone; 0 if it was not.
  double Spread(int workers) const;
};

struct RunLoad {
  std::vector<NodeLoad> nodes;  // in the order of the flow
  double cores = 1;             // that the process may use
  double lane_us = 0;           // the device lane's time per image, measured alone if possible
  double lane_spread = 0;       // by which share its steps differ, where it was measured alone
  double lane_cpu_us = 0;       // CPU time of all threads but the workers, per image
  double engine_us = 0;         // CPU time of the workers between the calls, per image
  double alone_others = 0;  // cores that others took from it while its parts were measured alone
  // The share of the time in which an accelerator computed or copied, by its own events; empty: not
  // known. The lane is busy also while it prepares what the accelerator is to do next.
  std::optional<double> device_busy;

  bool MeasuredAlone() const;
};

// The load from what was counted in a part of a run. A part without images gives a load of zeros.
RunLoad LoadOf(const Snapshot& part, double cores);

// One of the things that limit a run. kOthers: other programs, or other virtual machines, take the
// cores.
struct Limit {
  enum class Kind { kCores, kLane, kNode, kThreads, kSampleSlots, kBatchSlots, kOthers };
  Kind kind = Kind::kCores;
  size_t node = 0;  // of kNode
  std::string name;
  double images_per_s = 0;  // that it allows
  double spread = 0;        // by which share measurements of that differ; 0: not known
};

// Every limit of a run with `settings`, the lowest first.
std::vector<Limit> LimitsOf(const RunLoad& load, const GraphSettings& settings);

// Images per second that the loader alone could do with `settings`; 0 for an empty load.
double LoaderRate(const RunLoad& load, const GraphSettings& settings);

// X*: what the machine allows, whatever the settings within `most`. Its limits are those that no
// setting can lift, the lowest first.
struct Bound {
  double images_per_s = 0;
  double uncertainty = 0;  // by which share it may be off
  double estimate = 0;     // what it was before it was raised to a measured rate; 0: it was not
  std::vector<Limit> limits;
};
Bound BoundOf(const RunLoad& load, const Capacity& most);
// Raises every limit that is below `measured`, a rate that a run has reached: such a limit was
// estimated too low, and is at least as uncertain as the error that shows.
Bound Raised(Bound bound, double measured);

// The fewest workers, threads and slots that should reach the bound.
GraphSettings Allotment(const RunLoad& load, const Capacity& most);

}  // namespace flowtrain
