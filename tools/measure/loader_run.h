// Timed runs of a loader: a graph as HostGraph makes it.
#pragma once

#include <sched.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/graph/graph_def.h"

namespace flowtrain {

class RunControl;

// How long a run takes.
struct LoaderTimes {
  double warm_up_s = 1;        // not timed, at the start
  int64_t warm_up_epochs = 0;  // passes over the data set, also not timed: they fill a cache
  double seconds = 5;          // timed
};

// What a run did in its timed part.
struct LoaderFigures {
  struct NodeTime {
    std::string name;
    double us_per_image = 0;  // of Process calls
  };
  double seconds = 0;
  uint64_t images_before = 0;  // that came to their rows before the timed part
  uint64_t images = 0;         // in the timed part
  double cpu_s = 0;            // CPU time of the whole process
  std::vector<NodeTime> nodes;
  std::optional<double> device_busy;  // of a PacedDevice: the share of time it worked

  double images_per_s() const { return static_cast<double>(images) / seconds; }
  double cores_used() const { return cpu_s / seconds; }
};

// Runs the graph, which `run` drains when the time is over. Returns nothing if the run ended early,
// because it was stopped or the source had no more. Throws what the graph throws, and ConfigError
// if no image came through in the time given.
std::optional<LoaderFigures> RunLoader(const GraphDef& def, const LoaderTimes& times,
                                       RunControl& run);

// What an image costs, microseconds of wall-clock time and of the whole process's CPU time.
struct ImageCost {
  double wall_us = 0, cpu_us = 0;
};
ImageCost CostOf(const LoaderFigures& figures);

// Passes the images of the run that gave `figures` through a BareLoop of the same graph, and times
// those of its timed part. Returns nothing if `run` was stopped.
std::optional<ImageCost> RunBareLoop(const GraphDef& def, const LoaderFigures& figures,
                                     RunControl& run);

// Keeps the thread it is made on, and the threads that this one starts, on the core it is on.
class OneCore {
 public:
  OneCore();
  ~OneCore();
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace flowtrain
