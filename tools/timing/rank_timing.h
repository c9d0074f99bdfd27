// Where the time of each of several processes went that train together.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace flowtrain {

// How a run's ranks tell each other of their timing. All calls may be made from any thread.
struct RankTimings {
  int rank = 0, ranks = 1;
  // Seconds that this process has spent in calls that wait for the others.
  std::function<double()> waited_s;
  // For rank 0; the last text counts.
  std::function<void(const std::string& text)> publish;
  // The last text of each rank; empty where it has none.
  std::function<std::vector<std::string>()> published;
};

// An entry of timing.json's `ranks`: of what that rank measured, and of the seconds of its run that it
// waited for the others.
nlohmann::json RankTiming(int rank, const nlohmann::json& timing, double waited_s, double run_s);

// The ranks of a timing as a table, and which is the slowest: the one that waits least for the
// others. Empty without ranks.
std::string RanksText(const nlohmann::json& timing);

}  // namespace flowtrain
