// Tries settings on a running graph.
#pragma once

#include <functional>
#include <optional>

#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

// Sets the graph, lets what was in flight leave it, and measures. `pause` waits for so many seconds
// and returns false if the tuning must end.
class LiveTry {
 public:
  LiveTry(Graph& graph, int rows, std::function<bool(double seconds)> pause)
      : graph_(graph), rows_(rows), pause_(std::move(pause)) {}

  std::optional<Snapshot> operator()(const GraphSettings& settings, double seconds) const;

 private:
  bool Settle(const GraphSettings& settings) const;

  Graph& graph_;
  const int rows_;  // of a batch
  const std::function<bool(double)> pause_;
};

}  // namespace flowtrain
