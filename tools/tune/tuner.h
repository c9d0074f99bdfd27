// Finds the settings under which a running graph is fastest.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/runtime/graph_settings.h"
#include "pipeline/runtime/snapshot.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

// Runs the graph with settings for a while, after it has settled, and returns what it did. Nothing
// if the run has ended or somebody wants the tuning to end.
using Try = std::function<std::optional<Snapshot>(const GraphSettings& settings, double seconds)>;

struct TunePlan {
  Capacity most;
  std::vector<std::string> names;  // of the nodes
  std::vector<bool> tunable;       // whether a node's workers may be set
  int cores = 1;                   // limit for threads on work that keeps them busy
  double seconds = 0.25;           // per try
  double least_gain = 0.01;        // a change that gives less is not kept
  int confirm_pairs = 3;           // tries of both, by turns, before a change is kept
};

// One comparison of settings with the previous best.
struct Comparison {
  std::string change;  // "threads 2 -> 3"
  GraphSettings settings;
  double images_per_s = 0;  // with them
  double ratio = 1;         // to the previous best: median of pairs
  bool kept = false;
};

struct Tuning {
  GraphSettings start, best;
  double start_rate = 0, best_rate = 0;  // images/s, in the last pairs
  double gain = 1;                       // median ratio of those pairs
  std::vector<Comparison> tried;
  bool finished = false;  // false: it was stopped, and `best` is the best so far
  std::string why;        // why it ended where it did
};

// Starts from the allotment of `load` (if a first try finds it no slower than `start`), goes up and
// down one setting at a time, keeps what pairs of tries by turns show to be faster, and stops when
// nothing is, or when the bound is reached. `tell` is called with each comparison.
Tuning Tune(const TunePlan& plan, const GraphSettings& start, const RunLoad& load,
            const Try& try_settings, const std::function<void(const Comparison&)>& tell);

}  // namespace flowtrain
