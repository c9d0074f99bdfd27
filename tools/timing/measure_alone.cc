#include "tools/timing/measure_alone.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "pipeline/base/clock.h"
#include "pipeline/base/cpu_use.h"
#include "tools/load/load.h"
#include "tools/measure/live_run.h"
#include "tools/measure/partial_graph.h"
#include "tools/measure/spread.h"
#include "tools/timing/nodes_alone.h"

namespace flowtrain {
namespace {

constexpr double kDeviceSeconds = 2;   // at least, and at least a whole step
constexpr uint64_t kDeviceWarmUp = 2;  // steps
constexpr double kPartSeconds = 0.3;   // of this time, to see how the steps differ
constexpr int kRepeats = 3;            // per point; the median counts

std::vector<int> Points(const RunLoad& load, const AloneRequest& request) {
  std::set<int> points = {1, request.most.threads};
  if (request.curve) {
    for (int n = 2; n < request.most.threads; n *= 2) points.insert(n);
  }
  const int cores = static_cast<int>(std::ceil(load.cores));
  if (cores <= request.most.threads) points.insert(cores);
  return {points.begin(), points.end()};
}

// Half the range, as a share of the median.
double ShareOf(const Spread& spread) {
  return spread.median > 0 ? (spread.high - spread.low) / 2 / spread.median : 0;
}

AloneRate MedianOf(std::vector<AloneRate> rates) {
  std::sort(rates.begin(), rates.end(),
            [](const AloneRate& a, const AloneRate& b) { return a.images_per_s < b.images_per_s; });
  AloneRate median = rates[rates.size() / 2];
  median.spread =
      ShareOf({median.images_per_s, rates.front().images_per_s, rates.back().images_per_s});
  return median;
}

// Sees the ends of whole steps: all work of a window may be done with its last batch.
class StepEnds {
 public:
  explicit StepEnds(const Graph& graph) : graph_(graph) {}

  uint64_t steps() const {
    const std::vector<NodeCounters> nodes = graph_.counters();
    return nodes.empty() ? 0 : nodes.back().messages;
  }
  // Whether a step ended since the last call, at least `seconds` after the first.
  bool OneEnded(double seconds) {
    const uint64_t now = steps(), now_ns = NowNs();
    if (now == seen_) return false;
    seen_ = now;
    if (begin_ns_ == 0) {
      begin_ns_ = part_began_ns_ = now_ns;
      part_began_ = now;
    }
    EndPart(now, now_ns);
    return static_cast<double>(now_ns - begin_ns_) * 1e-9 >= seconds;
  }
  // By which share the time of a step differs between parts of the time; 0 for a single part.
  double spread() const { return parts_.empty() ? 0 : ShareOf(SpreadOf(parts_)); }

 private:
  void EndPart(uint64_t now, uint64_t now_ns) {
    const double seconds = static_cast<double>(now_ns - part_began_ns_) * 1e-9;
    if (now == part_began_ || seconds < kPartSeconds) return;
    parts_.push_back(seconds / static_cast<double>(now - part_began_));
    part_began_ = now;
    part_began_ns_ = now_ns;
  }

  const Graph& graph_;
  uint64_t seen_ = 0, begin_ns_ = 0;
  uint64_t part_began_ = 0, part_began_ns_ = 0;
  std::vector<double> parts_;  // seconds a step
};

uint64_t BatchesOfWindows(const Graph& graph, const Snapshot& part) {
  uint64_t batches = 0;
  for (const NodeCounters& node : part.nodes) {
    const bool window = dynamic_cast<WindowNode*>(graph.Find(node.name)) != nullptr;
    if (window) batches = node.messages;
  }
  return batches;
}

// Measures the device's time per image; false if the run ended too early.
bool MeasureDevice(const GraphDef& def, const Registry& registry, StopSignals& signals,
                   RunLoad& load) {
  LiveRun run(DeviceGraph(def, registry), registry, &signals);
  StepEnds ends(run.graph());
  const bool warm = run.Await([&] { return ends.steps() >= kDeviceWarmUp && ends.OneEnded(0); });
  const Snapshot begin = run.graph().snapshot();
  const bool done = warm && run.Await([&] { return ends.OneEnded(kDeviceSeconds); });
  const Snapshot part = run.graph().snapshot().Since(begin);
  run.Stop();
  if (!done) return false;
  const auto rows = static_cast<uint64_t>(FindComponent<CollateNode>(run.graph())->Layout().rows);
  load.lane_us =
      part.seconds() * 1e6 / static_cast<double>(rows * BatchesOfWindows(run.graph(), part));
  load.lane_spread = ends.spread();
  return true;
}

}  // namespace

bool MeasureAlone(const GraphDef& def, const Registry& registry, const AloneRequest& request,
                  StopSignals& signals, const std::function<void(const std::string&)>& progress,
                  RunLoad& load) {
  const int before = signals.count();
  const CpuUse began = ReadCpuUse();
  {
    NodesAlone nodes(HostGraph(def, registry), registry, request.most.threads);
    for (size_t i = 0; i < nodes.nodes(); ++i) {
      NodeLoad& node = load.nodes[i];
      progress(node.name + " alone");
      node.alone.clear();
      for (const int workers : Points(load, request)) {
        if (node.serial && workers > 1) break;
        std::vector<AloneRate> rates;
        for (int repeat = 0; repeat < kRepeats; ++repeat) {
          if (signals.count() > before) return false;
          rates.push_back(nodes.Measure(i, workers, request.seconds / kRepeats));
        }
        node.alone.push_back(MedianOf(rates));
      }
    }
  }
  if (request.device) {
    progress("the device alone");
    MeasureDevice(def, registry, signals, load);
  }
  const CpuUse use = ReadCpuUse().Since(began);
  // Nodes are measured on fewer workers than there are cores, too, so some idle time is natural.
  load.alone_others = use.others() + use.stolen();
  return signals.count() == before;
}

}  // namespace flowtrain
