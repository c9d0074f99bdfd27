#include "tools/measure/loader_run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "nodes/measure/host_stage.h"
#include "nodes/measure/paced_device.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tools/load/load.h"
#include "tools/measure/bare_loop.h"

namespace flowtrain {
namespace {

double CpuSeconds() { return static_cast<double>(ProcessCpuNs()) * 1e-9; }

// The run so far, at one moment.
struct Moment {
  uint64_t now_ns = 0;
  double cpu_s = 0;
  std::vector<NodeCounters> nodes;
  uint64_t images = 0;  // that have come to their rows
  uint64_t device_ns = 0;
};

// Watches a running graph at the beginning and the end of its timed part, and then drains it.
class Stopwatch {
 public:
  Stopwatch(const Graph& graph, const LoaderTimes& times, RunControl& run)
      : graph_(graph),
        times_(times),
        run_(run),
        stage_(*FindComponent<HostStage>(graph)),
        device_(FindComponent<PacedDevice>(graph)),
        warm_up_images_(WarmUpImages()),
        thread_([this] { Watch(); }) {}
  ~Stopwatch() { Stop(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  // After the run: its figures, or nothing if the run ended too early.
  std::optional<LoaderFigures> Figures() {
    Stop();
    if (end_.now_ns == 0) return std::nullopt;
    return Difference();
  }

 private:
  static constexpr std::chrono::milliseconds kPoll{5};

  uint64_t WarmUpImages() const {
    const auto* source = FindComponent<SourceNode>(graph_);
    const uint64_t epochs = static_cast<uint64_t>(times_.warm_up_epochs);
    return std::max<uint64_t>(1, epochs == 0 ? 0 : epochs * source->size());
  }

  void Watch() {
    if (!Await([this] { return stage_.started(); })) return;
    if (!Pause(times_.warm_up_s)) return;
    if (!Await([this] { return ImagesOf(graph_.counters()) >= warm_up_images_; })) return;
    begin_ = Look();
    if (!Pause(times_.seconds)) return;
    end_ = Look();
    run_.RequestDrain();
  }

  // Both return false if the run has ended.
  bool Await(const std::function<bool()>& happened) {
    std::unique_lock lock(mutex_);
    while (!happened()) {
      if (wake_.wait_for(lock, kPoll, [this] { return stop_; })) return false;
    }
    return true;
  }
  bool Pause(double seconds) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stop_; });
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  Moment Look() const {
    Moment moment;
    moment.nodes = graph_.counters();
    moment.now_ns = NowNs();
    moment.cpu_s = CpuSeconds();
    moment.images = ImagesOf(moment.nodes);
    if (device_ != nullptr) moment.device_ns = device_->WorkedNs(moment.now_ns);
    return moment;
  }

  // Counted by the last node before the stage, which writes images to their rows.
  uint64_t ImagesOf(const std::vector<NodeCounters>& nodes) const {
    const NodeCounters& last = nodes[nodes.size() - (device_ == nullptr ? 2 : 3)];
    return last.messages - last.bad;
  }

  LoaderFigures Difference() const {
    LoaderFigures figures;
    const auto elapsed_ns = static_cast<double>(end_.now_ns - begin_.now_ns);
    figures.seconds = elapsed_ns * 1e-9;
    figures.images_before = begin_.images;
    figures.images = end_.images - begin_.images;
    figures.cpu_s = end_.cpu_s - begin_.cpu_s;
    for (size_t i = 0; i < end_.nodes.size(); ++i) {
      const auto service_ns =
          static_cast<double>(end_.nodes[i].service_ns - begin_.nodes[i].service_ns);
      figures.nodes.push_back(
          {end_.nodes[i].name, service_ns * 1e-3 / static_cast<double>(figures.images)});
    }
    if (device_ != nullptr) {
      figures.nodes.pop_back();  // its calls only sleep
      figures.device_busy =
          std::min(1.0, static_cast<double>(end_.device_ns - begin_.device_ns) / elapsed_ns);
    }
    return figures;
  }

  const Graph& graph_;
  const LoaderTimes times_;
  RunControl& run_;
  const HostStage& stage_;
  const PacedDevice* device_;
  const uint64_t warm_up_images_;
  Moment begin_, end_;  // of the thread until it is joined
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace

std::optional<LoaderFigures> RunLoader(const GraphDef& def, const LoaderTimes& times,
                                       RunControl& run) {
  Graph graph(def, Registry::Global(), run);
  graph.Open();
  Stopwatch stopwatch(graph, times, run);
  graph.Run();
  std::optional<LoaderFigures> figures = stopwatch.Figures();
  if (figures && figures->images == 0) {
    throw ConfigError("no image came through in the timed part; give --seconds a larger number");
  }
  return figures;
}

ImageCost CostOf(const LoaderFigures& figures) {
  const auto images = static_cast<double>(figures.images);
  return {figures.seconds * 1e6 / images, figures.cpu_s * 1e6 / images};
}

std::optional<ImageCost> RunBareLoop(const GraphDef& def, const LoaderFigures& figures,
                                     RunControl& run) {
  BareLoop loop(def, Registry::Global(), run);
  if (!loop.Pass(figures.images_before)) return std::nullopt;
  LoaderFigures bare;
  const uint64_t begin_ns = NowNs();
  const double begin_cpu_s = CpuSeconds();
  if (!loop.Pass(figures.images)) return std::nullopt;
  bare.seconds = static_cast<double>(NowNs() - begin_ns) * 1e-9;
  bare.cpu_s = CpuSeconds() - begin_cpu_s;
  bare.images = figures.images;
  return CostOf(bare);
}

OneCore::OneCore() {
  sched_getaffinity(0, sizeof before_, &before_);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  sched_setaffinity(0, sizeof one, &one);
}

OneCore::~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }

}  // namespace flowtrain
