// Tries settings on a running graph.
#pragma once

#include <functional>
#include <optional>

#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

// Sets the graph, lets what was in flight leave it, and measures. `pause` waits for so many seconds
// and returns false if the tuning must end, and so does `apply`, which sets the graph and what goes
// with it; empty: the graph alone.
class LiveTry {
 public:
  using Pause = std::function<bool(double seconds)>;
  using Apply = std::function<bool(const GraphSettings& settings)>;

  LiveTry(Graph& graph, int rows, Pause pause, Apply apply = {})
      : graph_(graph), rows_(rows), pause_(std::move(pause)), apply_(std::move(apply)) {}

  std::optional<Snapshot> operator()(const GraphSettings& settings, double seconds) const;

 private:
  bool Set(const GraphSettings& settings) const;
  bool Settle(const GraphSettings& settings) const;

  Graph& graph_;
  const int rows_;  // of a batch
  const Pause pause_;
  const Apply apply_;
};

}  // namespace flowtrain
