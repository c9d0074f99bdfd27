// Does the timing name the right bottleneck, is its bound right, and does the tuning find what an
// exhaustive search finds? On graphs whose costs are known. A program of its own, run by hand:
//   tune_cases [CASE…]                       prints a table in Markdown
//   tune_cases --graph NAME FILE [KEY=VALUE…]   the same of the loader of a real graph
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/measure/live_run.h"
#include "tools/measure/partial_graph.h"
#include "tools/timing/measure_alone.h"
#include "tools/timing/verdict.h"
#include "tools/tune/live_try.h"
#include "tools/tune/tune_run.h"

namespace flowtrain {
namespace {

constexpr int kRows = 8;
constexpr int kMostThreads = 5;
constexpr double kTrySeconds = 0.1;
constexpr size_t kFinalists = 3;
constexpr int kFinals = 5;

// What a node costs: type and options of the graph's language.
struct Case {
  std::string name, node;  // that is the bottleneck
  std::string decode = "{type: SpinSample, OPTIONS: {service_us: 20}}";
  std::string augment = "{type: SpinSample, OPTIONS: {service_us: 40}}";
  int stage_us = 0, device_us = 0;  // a batch
  bool device_sleeps = false;
};

std::string Sample(const char* type, const std::string& options) {
  return std::string("{type: ") + type + ", OPTIONS: {" + options + "}}";
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const bool decode : {true, false}) {
    const auto add = [&](const std::string& kind, const std::string& node) {
      Case one{kind + (decode ? " in decode" : " in augment"), decode ? "decode" : "augment"};
      (decode ? one.decode : one.augment) = node;
      cases.push_back(one);
    };
    add("CPU-bound", Sample("SpinSample", "service_us: 300"));
    add("sleeping", Sample("SpinSample", "service_us: 2000, sleep: true"));
    add("serial", Sample("SerialSample", "service_us: 300"));
    add("lock, on the CPU", Sample("SpinSample", "service_us: 300, lock_us: 260"));
    add("lock, asleep", Sample("SpinSample", "service_us: 900, lock_us: 700, sleep: true"));
  }
  cases.push_back({.name = "CPU-bound in stage", .node = "stage", .stage_us = 3000});
  cases.push_back(
      {.name = "sleeping in stage", .node = "stage", .stage_us = 4000, .device_sleeps = true});
  cases.push_back({.name = "CPU-bound in the device", .node = "train", .device_us = 3000});
  cases.push_back({.name = "sleeping in the device",
                   .node = "train",
                   .device_us = 4000,
                   .device_sleeps = true});
  cases.push_back({.name = "sleeping in decode, then the device",
                   .node = "decode",
                   .decode = Sample("SpinSample", "service_us: 1500, sleep: true"),
                   .device_us = 2800,
                   .device_sleeps = true});
  return cases;
}

GraphDef GraphOf(const Case& one) {
  const auto options = [](std::string node, const std::string& in, const std::string& out,
                          bool write) {
    const std::string serial = node.find("SerialSample") != std::string::npos ? "1" : "2";
    const std::string key = "OPTIONS: {";
    node.replace(node.find(key), key.size(),
                 "in: " + in + ", out: " + out + ", workers: " + serial + ", options: {" +
                     (write ? "write: true, " : ""));
    return node;
  };
  const std::string sleep = one.device_sleeps ? "true" : "false";
  const std::string yaml =
      "graph: case\npools: {samples: 16, batches: 3}\nworkers: 2\nnodes:\n"
      "  source: {type: CountingSource, out: ids, workers: 2, options: {epochs: 1000000, "
      "steps_per_epoch: 1000}}\n  decode: " +
      options(one.decode, "ids", "images", false) +
      "\n  augment: " + options(one.augment, "images", "rows", true) +
      "\n  stage: {type: TestCollate, in: rows, out: batches, options: {batch_size: " +
      std::to_string(kRows) + ", view_bytes: 16, service_us: " + std::to_string(one.stage_us) +
      ", sleep: " + sleep +
      "}}\n  train: {type: TestWindow, in: batches, out: windows, options: {service_us: " +
      std::to_string(one.device_us) + ", sleep: " + sleep +
      "}}\n  step: {type: TestStep, in: windows}\n";
  return LoadGraph(ReadYaml(yaml, "case.yaml"), Config(), Registry::Global());
}

// The best settings there are, and how long it takes to find them.
struct Best {
  GraphSettings settings;
  double images_per_s = 0, seconds = 0;
};

std::vector<GraphSettings> Grid(const GraphDef& def) {
  std::vector<GraphSettings> grid;
  const bool decode_serial = def.nodes[1].type == "SerialSample";
  const bool augment_serial = def.nodes[2].type == "SerialSample";
  for (int threads = 1; threads <= kMostThreads; ++threads) {
    for (int decode = 1; decode <= (decode_serial ? 1 : threads); ++decode) {
      for (int augment = 1; augment <= (augment_serial ? 1 : threads); ++augment) {
        for (const int slots : {16, 48}) {
          for (const int batches : {3}) {
            GraphSettings settings{threads, {threads, decode, augment}, slots, batches};
            settings.workers.resize(def.nodes.size(), 1);
            grid.push_back(std::move(settings));
          }
        }
      }
    }
  }
  return grid;
}

double MedianRate(const LiveTry& try_settings, const GraphSettings& settings, int times) {
  std::vector<double> rates;
  for (int i = 0; i < times; ++i) {
    rates.push_back(try_settings(settings, kTrySeconds)->images_per_s());
  }
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

template <typename Work>
double Seconds(Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int Rows(const Graph& graph) { return FindComponent<CollateNode>(graph)->Layout().rows; }

class Bench {
 public:
  explicit Bench(StopSignals& signals) : signals_(signals) {}

  void Run(const Case& one) { Run(one.name, one.node, GraphOf(one), true); }

  // `node`: what the verdict must name; empty: whatever it does.
  void Run(const std::string& name, const std::string& node, const GraphDef& def, bool device) {
    device_ = device;
    const Capacity most{kMostThreads, 48, 3};
    Verdict verdict;
    double measured = 0;
    Time(def, most, verdict, measured);
    std::optional<Tuned> tuned;
    const double tune_s = Seconds([&] {
      tuned = RunAndTune(def, Registry::Global(), {most, kTrySeconds, device}, signals_);
    });
    double tuned_rate = 0;
    const Best best = Search(def, most, tuned->tuning.best, tuned_rate);
    const bool named = verdict.sentence.find(node) != std::string::npos;
    std::printf("| %s | %s | %.0f | %.0f | %.0f | %.2f | %.0f | %.2f | %.0f | %.0f |\n",
                name.c_str(), named ? "yes" : "NO", measured, tuned->bound, best.images_per_s,
                tuned->bound / best.images_per_s, tuned_rate, tuned_rate / best.images_per_s,
                tune_s, best.seconds);
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", name.c_str(), verdict.sentence.c_str());
  }

 private:
  // As `flowtrain timing` does.
  void Time(const GraphDef& def, const Capacity& most, Verdict& verdict, double& measured) {
    const double cores = ThisMachine().cores;
    std::optional<Snapshot> part;
    {
      LiveRun run(def, Registry::Global(), &signals_);
      const LiveTry try_settings(run.graph(), Rows(run.graph()),
                                 [&](double s) { return run.Pause(s); });
      run.Pause(0.2);
      part = try_settings(run.graph().settings(), 1);
      run.Stop();
    }
    RunLoad load = LoadOf(*part, cores);
    MeasureAlone(
        def, Registry::Global(), {most, false, 0.15, device_}, signals_, [](const std::string&) {},
        load);
    verdict = VerdictOf(*part, load, most);
    measured = part->images_per_s();
  }

  // Tries all, then the best few again and with them `tuned`, by turns.
  Best Search(GraphDef def, const Capacity& most, const GraphSettings& tuned, double& tuned_rate) {
    def.capacity = most;
    LiveRun run(def, Registry::Global(), &signals_);
    const LiveTry try_settings(run.graph(), Rows(run.graph()),
                               [&](double s) { return run.Pause(s); });
    run.Pause(0.2);
    std::vector<Best> all;
    Best best;
    best.seconds = Seconds([&] {
      for (const GraphSettings& settings : Grid(def)) {
        all.push_back({settings, MedianRate(try_settings, settings, 1), 0});
      }
    });
    std::sort(all.begin(), all.end(),
              [](const Best& a, const Best& b) { return a.images_per_s > b.images_per_s; });
    all.resize(std::min(all.size(), kFinalists));
    std::vector<std::vector<double>> rates(all.size() + 1);
    best.seconds += Seconds([&] {
      for (int i = 0; i < kFinals; ++i) {
        for (size_t k = 0; k < all.size(); ++k) {
          rates[k].push_back(MedianRate(try_settings, all[k].settings, 1));
        }
        rates.back().push_back(MedianRate(try_settings, tuned, 1));
      }
    });
    run.Stop();
    for (auto& one : rates) std::sort(one.begin(), one.end());
    for (size_t k = 0; k < all.size(); ++k) {
      const double rate = rates[k][kFinals / 2];
      if (rate > best.images_per_s) {
        best.images_per_s = rate;
        best.settings = all[k].settings;
      }
    }
    tuned_rate = rates.back()[kFinals / 2];
    return best;
  }

  StopSignals& signals_;
  bool device_ = true;
};

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  using namespace flowtrain;
  StopSignals signals([](const std::string&) {});
  SetLogLevel(LogLevel::kWarning);
  std::printf(
      "| bottleneck | named | as set | X* | best by search | X* / best | tuned | tuned / best | "
      "tune, s | search, s |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  Bench bench(signals);
  if (argc > 3 && std::string(argv[1]) == "--graph") {
    GraphRequest request;
    request.graph = argv[3];
    request.sets.assign(argv + 4, argv + argc);
    const GraphDef def = HostGraph(LoadForRun(request).def, Registry::Global());
    bench.Run(argv[2], "", def, false);
    return 0;
  }
  for (const Case& one : Cases()) {
    const bool wanted = argc == 1 || std::any_of(argv + 1, argv + argc, [&](const char* name) {
                          return one.name.find(name) != std::string::npos;
                        });
    if (wanted) bench.Run(one);
  }
  return 0;
}
