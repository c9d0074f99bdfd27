// A small complete graph for tests of the engine: source > work > write > collate > window >
// lane_step > sink. A Scenario says what each node does, and its figures tell what happened.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/philox.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain::testing_engine {

struct Scenario {
  // What to run.
  int workers = 2, sample_slots = 16, batch_slots = 3;
  uint64_t batches = 24;
  int window = 4, rows = 8;
  std::array<int, 3> limits{};  // of source, work and write; 0: as `workers`
  int bad_every = 0;            // ids that are a multiple of this cannot be read; 0: all can
  bool keeps_batches = false;
  bool retuned = false;   // another thread keeps changing all settings while it runs
  Capacity capacity;      // for `retuned`
  int lowered_to = 0;     // threads are lowered to this after a while, and then the run is drained
  int spin = 0;           // iterations of work per sample
  std::string throw_in;   // "work.process", "window.start", …: node and phase that throws
  uint64_t throw_at = 0;  // number of the packet in process
  bool ends_run = false;  // it throws EndRun instead
  int64_t drain_at = -1, abort_at = -1;  // number of the batch in whose window call it happens
  // Called before Run; its result lives until the run has ended.
  std::function<std::shared_ptr<void>(Graph&, RunControl&)> beside;

  // What happened.
  std::vector<uint64_t> digests;   // of all batches up to each step's end
  std::vector<uint64_t> steps;     // as the sink saw them
  std::vector<uint64_t> windowed;  // batches that reached the window node
  std::atomic<int> misplaced{0};   // rows of these that hold another sample than was admitted
  mutable std::atomic<bool> thrown{false};
  std::vector<std::string> phases;  // "window.start", … in order
  std::atomic<int> working{0}, most_working{0};
  int most_before = 0, most_after = 0;  // of most_working, around the lowering
  std::atomic<bool> worker_clash{false};
  std::atomic<int> model_busy{0};
  std::atomic<bool> lease_broken{false};
  std::atomic<int> in_flight{0},
      most_in_flight{0};                 // samples between admission and the last sample node
  std::atomic<int> unprepared_calls{0};  // on a thread that no resource was told of
  std::set<std::thread::id> worker_threads;
  std::vector<std::thread::id> lane_threads;  // of each OnLaneThread call
  std::mutex mutex;

  void Phase(const std::string& name) {
    {
      const std::lock_guard lock(mutex);
      phases.push_back(name);
    }
    if (throw_in != name) return;
    thrown = true;
    throw std::runtime_error("thrown in " + name);
  }
  void CheckPrepared() {
    const std::lock_guard lock(mutex);
    if (worker_threads.count(std::this_thread::get_id()) == 0) ++unprepared_calls;
  }
  void MayThrow(const std::string& name, uint64_t packet) const {
    if (throw_in != name || packet != throw_at) return;
    thrown = true;
    if (ends_run) throw EndRun("thrown in " + name);
    throw std::runtime_error("thrown in " + name);
  }
};

inline void RaiseTo(std::atomic<int>& most, int now) {
  int before = most.load();
  while (before < now && !most.compare_exchange_weak(before, now)) {
  }
}

// Sees each thread that joins.
class Threads final : public Resource {
 public:
  explicit Threads(Scenario& scenario) : scenario_(scenario) {}
  void OnWorkerThread() override {
    const std::lock_guard lock(scenario_.mutex);
    scenario_.worker_threads.insert(std::this_thread::get_id());
    scenario_.MayThrow("threads.worker", scenario_.worker_threads.size() - 1);
  }
  void OnLaneThread() override {
    const std::lock_guard lock(scenario_.mutex);
    scenario_.lane_threads.push_back(std::this_thread::get_id());
    scenario_.MayThrow("threads.lane", scenario_.lane_threads.size() - 1);
  }

 private:
  Scenario& scenario_;
};

// The lifecycle calls that every node of the fixture reports.
template <typename Base, const char* kName>
class Reporting : public Base {
 public:
  explicit Reporting(Scenario& scenario) : scenario_(scenario) {}
  void Open(const OpenContext& context) override {
    run_ = &context.run();
    scenario_.Phase(std::string(kName) + ".open");
  }
  void Start() override { scenario_.Phase(std::string(kName) + ".start"); }
  void Flush() override { scenario_.Phase(std::string(kName) + ".flush"); }
  void Close() noexcept override {
    const std::lock_guard lock(scenario_.mutex);
    scenario_.phases.push_back(std::string(kName) + ".close");
  }

 protected:
  Scenario& scenario_;
  RunControl* run_ = nullptr;
};

inline constexpr char kSource[] = "source", kWork[] = "work", kWrite[] = "write",
                      kCollate[] = "collate", kWindow[] = "window", kLaneStep[] = "lane_step",
                      kSink[] = "sink";

class Source final : public Reporting<SourceNode, kSource> {
 public:
  using Reporting::Reporting;
  bool AdmitBatch(Batch& batch) override {
    if (batch.seq >= scenario_.batches) return false;
    const auto window = static_cast<uint64_t>(scenario_.window);
    batch.step = batch.seq / window;
    batch.in_window = static_cast<int>(batch.seq % window);
    batch.window = scenario_.window;
    return true;
  }
  void AdmitSample(Sample& sample) override {
    RaiseTo(scenario_.most_in_flight, ++scenario_.in_flight);
    sample.id = sample.batch->seq * static_cast<uint64_t>(scenario_.rows) +
                static_cast<uint64_t>(sample.row);
    sample.label = static_cast<int32_t>(sample.id);  // stays when the image is replaced
  }
  void Substitute(Sample& sample) override {
    Rng rng({.seed = 1,
             .stream = static_cast<uint64_t>(sample.attempt),
             .id = sample.seq,
             .purpose = kSubstitute});
    sample.id = 1 + static_cast<uint64_t>(scenario_.bad_every) * rng.Below(1000);
  }
  uint64_t size() const override { return 1000; }
  Outcome Process(Sample& sample, Worker&) override {
    scenario_.MayThrow("source.process", sample.seq);
    return Ok();
  }
};

class Work final : public Reporting<SampleNode, kWork> {
 public:
  using Reporting::Reporting;
  void Open(const OpenContext& context) override {
    Reporting::Open(context);
    slots_ = std::vector<std::atomic<int>>(static_cast<size_t>(context.workers()));
  }
  Outcome Process(Sample& sample, Worker& worker) override {
    std::atomic<int>& slot = slots_.at(static_cast<size_t>(worker.index));
    if (slot.fetch_add(1) != 0) scenario_.worker_clash = true;
    scenario_.CheckPrepared();
    RaiseTo(scenario_.most_working, ++scenario_.working);
    for (int i = 0; i < scenario_.spin; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    --scenario_.working;
    --slot;
    scenario_.MayThrow("work.process", sample.seq);
    if (scenario_.bad_every > 0 && sample.id % static_cast<uint64_t>(scenario_.bad_every) == 0) {
      return Bad("made to be bad");
    }
    return Ok();
  }

 private:
  std::vector<std::atomic<int>> slots_;
};

class Write final : public Reporting<SampleNode, kWrite> {
 public:
  using Reporting::Reporting;
  Outcome Process(Sample& sample, Worker&) override {
    scenario_.MayThrow("write.process", sample.seq);
    for (uint32_t view = 0; view < 2; ++view) {
      Rng rng({.seed = 1, .stream = sample.epoch, .id = sample.id, .purpose = kView + view});
      uint8_t* row = sample.batch->Row(static_cast<int>(view), sample.row);
      for (int i = 0; i < 16; ++i) row[i] = static_cast<uint8_t>(rng.NextUint32());
    }
    --scenario_.in_flight;
    return Ok();
  }
};

class Collate final : public Reporting<CollateNode, kCollate> {
 public:
  using Reporting::Reporting;
  BatchLayout Layout() const override { return {scenario_.rows, 2, 16}; }
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override {
    return {new uint8_t[bytes](), std::default_delete<uint8_t[]>()};
  }
  void Process(Batch& batch) override { scenario_.MayThrow("collate.process", batch.seq); }
};

class Window final : public Reporting<WindowNode, kWindow> {
 public:
  using Reporting::Reporting;
  bool KeepsBatches() const override { return scenario_.keeps_batches; }
  void Process(Batch& batch, Step& step) override {
    scenario_.MayThrow("window.process", batch.seq);
    CheckRows(batch);
    if (batch.in_window == 0 && scenario_.model_busy.exchange(1) != 0)
      scenario_.lease_broken = true;
    for (size_t i = 0; i < batch.layout.bytes(); ++i) Mix(batch.buffer[i]);
    for (const uint64_t id : batch.ids) Mix(id);
    Mix(step.step);
    if (batch.in_window + 1 == batch.window) scenario_.digests.push_back(digest_);
    if (static_cast<int64_t>(batch.seq) == scenario_.drain_at) run_->RequestDrain();
    if (static_cast<int64_t>(batch.seq) == scenario_.abort_at) run_->RequestAbort();
  }

 private:
  void CheckRows(const Batch& batch) {
    scenario_.windowed.push_back(batch.seq);
    const auto first = static_cast<int32_t>(batch.seq) * batch.layout.rows;
    for (int row = 0; row < batch.layout.rows; ++row) {
      if (batch.labels[static_cast<size_t>(row)] != first + row) ++scenario_.misplaced;
    }
  }
  void Mix(uint64_t value) { digest_ = (digest_ ^ value) * 1099511628211u; }
  uint64_t digest_ = 14695981039346656037u;
};

class LaneStep final : public Reporting<StepNode, kLaneStep> {
 public:
  using Reporting::Reporting;
  void Process(Step& step) override {
    scenario_.MayThrow("lane_step.process", step.step);
    scenario_.model_busy = 0;
  }
};

class Sink final : public Reporting<StepNode, kSink> {
 public:
  using Reporting::Reporting;
  void Process(Step& step) override {
    scenario_.MayThrow("sink.process", step.step);
    scenario_.steps.push_back(step.step);
  }
};

template <typename Type>
void AddType(Registry& registry, const std::string& name, Scenario& scenario,
             bool on_lane = false) {
  NodeSpec spec;
  spec.type = name;
  spec.kind = internal::KindOf<Type>();
  spec.on_lane = on_lane;
  registry.Add(name, std::move(spec), [&scenario] { return std::make_unique<Type>(scenario); });
}

// Applies random settings to a graph until the graph ends.
class Retuner {
 public:
  explicit Retuner(Graph& graph) : thread_([this, &graph] { Loop(graph); }) {}
  ~Retuner() {
    stop_ = true;
    thread_.join();
  }
  Retuner(const Retuner&) = delete;
  Retuner& operator=(const Retuner&) = delete;

 private:
  void Loop(Graph& graph) {
    Rng rng({.seed = 11, .purpose = kTesting});
    while (!stop_) {
      GraphSettings settings = graph.settings();
      settings.threads = static_cast<int>(rng.Below(9));
      for (int& workers : settings.workers) workers = static_cast<int>(rng.Below(9));
      settings.sample_slots = static_cast<int>(rng.Below(50));
      settings.batch_slots = static_cast<int>(rng.Below(8));
      graph.Apply(settings);
      std::this_thread::sleep_for(std::chrono::microseconds(rng.Below(300)));
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Lowers the number of threads in the middle of a run, and then drains the run.
inline void LowerThreads(Graph& graph, Scenario& scenario, RunControl& run) {
  using std::chrono::milliseconds;
  while (!graph.running() || scenario.most_working <= scenario.lowered_to) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  scenario.most_before = scenario.most_working;
  GraphSettings settings = graph.settings();
  settings.threads = scenario.lowered_to;
  graph.Apply(settings);
  std::this_thread::sleep_for(milliseconds(50));
  while (scenario.working > scenario.lowered_to) {  // lets calls that had begun end
    std::this_thread::sleep_for(milliseconds(1));
  }
  scenario.most_working = 0;
  std::this_thread::sleep_for(milliseconds(50));
  scenario.most_after = scenario.most_working;
  run.RequestDrain();
}

struct Ended {
  std::string error;  // empty: Run returned
  bool stalled = false;
  bool aborted = false;
  bool runs_once = false;  // a second Run was refused
  bool pools_whole = false;
  uint64_t admitted = 0;  // samples
  std::vector<NodeCounters> nodes;
  GraphSettings settings;
};

// Builds and runs the graph of `scenario`.
inline Ended RunScenario(Scenario& scenario) {
  Registry registry;
  AddType<Threads>(registry, "threads", scenario);
  AddType<Source>(registry, kSource, scenario);
  AddType<Work>(registry, kWork, scenario);
  AddType<Write>(registry, kWrite, scenario);
  AddType<Collate>(registry, kCollate, scenario);
  AddType<Window>(registry, kWindow, scenario);
  AddType<LaneStep>(registry, kLaneStep, scenario, true);
  AddType<Sink>(registry, kSink, scenario);

  GraphDef def;
  def.name = "fixture";
  def.file = "fixture.yaml";
  def.workers = scenario.workers;
  def.sample_slots = scenario.sample_slots;
  def.batch_slots = scenario.batch_slots;
  def.capacity = scenario.capacity;
  ComponentDef threads;
  threads.name = threads.type = "threads";
  def.resources.push_back(threads);
  for (const char* name : {kSource, kWork, kWrite, kCollate, kWindow, kLaneStep, kSink}) {
    NodeDef node;
    node.name = node.type = name;
    if (const size_t index = def.nodes.size(); index < scenario.limits.size()) {
      node.workers = scenario.limits[index] > 0 ? scenario.limits[index] : scenario.workers;
    }
    def.nodes.push_back(node);
  }

  RunControl run;
  Ended ended;
  Graph graph(def, registry, run);
  try {
    graph.Open();
    {
      std::optional<Retuner> retuner;
      if (scenario.retuned) retuner.emplace(graph);
      std::thread lowering;
      if (scenario.lowered_to > 0) {
        lowering = std::thread([&] { LowerThreads(graph, scenario, run); });
      }
      const std::shared_ptr<void> beside =
          scenario.beside ? scenario.beside(graph, run) : std::shared_ptr<void>();
      graph.Run();
      if (lowering.joinable()) lowering.join();
    }
    try {
      graph.Run();
    } catch (const std::logic_error&) {
      ended.runs_once = true;
    }
  } catch (const GraphStalled& error) {
    ended.error = error.what();
    ended.stalled = true;
  } catch (const std::exception& error) {
    ended.error = error.what();
  }
  ended.aborted = run.aborted();
  ended.pools_whole = graph.pools_whole();
  ended.admitted = graph.admitted_samples();
  ended.settings = graph.settings();
  ended.nodes = graph.counters();
  return ended;
}

}  // namespace flowtrain::testing_engine
