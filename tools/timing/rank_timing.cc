#include "tools/timing/rank_timing.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

using nlohmann::json;

// Of the time: ranks whose waits differ by less are about as fast.
constexpr double kAsFast = 0.05;

double WaitOf(const json& rank) { return rank.at("waiting").get<double>(); }

std::string NumberOf(const json& rank) { return std::to_string(rank.at("rank").get<int>()); }

// The device lane takes batches from the loader: how long it had none.
double LoaderWait(const json& timing) {
  double longest = 0, most_busy = -1;
  for (const json& node : timing.at("nodes")) {
    if (node.at("place") != "lane" || node.at("busy").get<double>() <= most_busy) continue;
    most_busy = node.at("busy").get<double>();
    longest = node.at("starved").get<double>();
  }
  return longest;
}

std::string Slowest(const json& ranks) {
  const auto less = [](const json& a, const json& b) { return WaitOf(a) < WaitOf(b); };
  const auto [least, most] = std::minmax_element(ranks.begin(), ranks.end(), less);
  if (WaitOf(*most) - WaitOf(*least) < kAsFast) {
    return "All ranks are about as fast: sums, gathers and waits for each other take " +
           ShowPercent(WaitOf(*most)) + " of the time.\n";
  }
  const bool loader = least->at("no_batch").get<double>() > WaitOf(*least);
  return "Rank " + NumberOf(*least) + " is the slowest: it waits " + ShowPercent(WaitOf(*least)) +
         " of the time for the others, which wait up to " + ShowPercent(WaitOf(*most)) +
         (loader ? "; its device waits " + ShowPercent(least->at("no_batch").get<double>()) +
                       " of it for the loader"
                 : "") +
         ".\n";
}

}  // namespace

json RankTiming(int rank, const json& timing, double waited_s, double run_s) {
  return {{"rank", rank},
          {"host", timing.at("machine").at("host")},
          {"images_per_s", timing.at("images_per_s")},
          {"waiting", run_s > 0 ? std::clamp(waited_s / run_s, 0.0, 1.0) : 0.0},
          {"no_batch", LoaderWait(timing)}};
}

std::string RanksText(const json& timing) {
  const json ranks = timing.value("ranks", json::array());
  if (ranks.empty()) return {};
  TextTable table;
  table.Add({"rank", "host", "images/s", "waits for ranks", "waits for loader"});
  for (const json& rank : ranks) {
    table.Add({NumberOf(rank), rank.at("host"), ShowRate(rank.at("images_per_s")),
               ShowPercent(WaitOf(rank)), ShowPercent(rank.at("no_batch").get<double>())});
  }
  return table.ToString("  ") + '\n' + Slowest(ranks) + '\n';
}

}  // namespace flowtrain
