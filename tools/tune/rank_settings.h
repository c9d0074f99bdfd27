// The settings that all ranks of a run take at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "nodes/distributed/rank_board.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/graph_settings.h"

namespace flowtrain {

// Rank 0 tries settings: their steps are made together, so what it measures is the rate of all of
// them. It uses the text that each rank has on its board.
class RankSettings {
 public:
  using Set = std::function<void(const GraphSettings& settings)>;

  // `set` sets this rank's own graph.
  RankSettings(RankBoard board, Set set) : board_(std::move(board)), set_(std::move(set)) {}
  // `graph` has several ranks, and is open.
  explicit RankSettings(Graph& graph);

  // On rank 0: sets its own graph, and waits until all others are set. `pause` waits for so many
  // seconds and returns false if the tuning must end, as this does then.
  bool Apply(const GraphSettings& settings, const std::function<bool(double seconds)>& pause);
  // On another rank, again and again: sets its graph as rank 0 wants it.
  void Follow();

 private:
  RankBoard board_;
  const Set set_;
  int number_ = 0;  // of the last settings, from 1
};

// "7 3 16 2 1 1 4": their number, threads, sample and batch slots, the workers of each node.
std::string ToText(int number, const GraphSettings& settings);
struct NumberedSettings {
  int number = 0;
  GraphSettings settings;
};
std::optional<NumberedSettings> ToSettings(const std::string& text);  // empty: there are none

}  // namespace flowtrain
