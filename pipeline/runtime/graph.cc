#include "pipeline/runtime/graph.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>

#include "pipeline/base/clock.h"
#include "pipeline/base/thread_limit.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/collate_runner.h"
#include "pipeline/runtime/graph_impl.h"
#include "pipeline/runtime/sample_runner.h"
#include "pipeline/runtime/step_runner.h"
#include "pipeline/runtime/window_runner.h"

namespace flowtrain {
namespace {

constexpr int kStepSlots = 4;     // a step is small; the report may be a few behind
constexpr int kSlotsAWorker = 4;  // samples in flight per worker, where the graph does not say
constexpr int kFewestSampleSlots = 16;
constexpr int kThreadsBeside = 5;  // the lane, and those that watch a run: timing, keys, tuner

// Fills in what the definition leaves open.
GraphDef WithCapacity(GraphDef def) {
  if (def.sample_slots == 0) {
    def.sample_slots = std::max(kFewestSampleSlots, kSlotsAWorker * def.workers);
  }
  def.capacity.threads = std::max(def.capacity.threads, def.workers);
  def.capacity.sample_slots = std::max(def.capacity.sample_slots, def.sample_slots);
  def.capacity.batch_slots = std::max(def.capacity.batch_slots, def.batch_slots);
  return def;
}

GraphSettings SettingsOf(const GraphDef& def) {
  GraphSettings settings{def.workers, {}, def.sample_slots, def.batch_slots};
  for (const NodeDef& node : def.nodes) {
    settings.workers.push_back(std::min(node.workers, def.capacity.threads));
  }
  return settings;
}

}  // namespace

// Once the packets are gone, limits no longer change anything.
class Graph::Impl::NotLive {
 public:
  explicit NotLive(Impl& impl) : impl_(impl) {}
  ~NotLive() { impl_.EndLive(); }
  NotLive(const NotLive&) = delete;
  NotLive& operator=(const NotLive&) = delete;

 private:
  Impl& impl_;
};

Graph::Impl::Impl(const GraphDef& graph_def, const Registry& registry, RunControl& run_control)
    : def(WithCapacity(graph_def)),
      run(run_control),
      components(def, registry, run_control),
      settings(SettingsOf(def)) {}

// Runners hold TBB nodes, which must be destroyed before their tbb::flow::graph, and after its last
// task: making an edge already spawns one, so a graph whose Start failed has tasks too.
Graph::Impl::~Impl() {
  if (!flow) return;  // do not start TBB's threads for nothing: there may be no memory for them
  arena.execute([this] {
    flow->wait_for_all();
    runners.clear();
    flow.reset();
  });
}

void Graph::Impl::Open() {
  CheckThreads(def.capacity.threads + kThreadsBeside);
  const size_t collate = FirstOf(NodeSpec::Kind::kCollate);
  if (collate == components.nodes().size()) {
    throw ConfigError(def.file +
                      ": no node gathers samples into batches (a stage node is missing)");
  }
  layout = dynamic_cast<CollateNode&>(components.node(collate)).Layout();
  lane = std::make_unique<Lane>([this] { PrepareThread(&Resource::OnLaneThread); });
  components.Open(layout, [this] { return lane->idle_ns(); });
  AllocatePools();
}

// The caller is a thread that no exception may leave.
void Graph::Impl::PrepareThread(void (Resource::*prepare)()) noexcept {
  for (size_t i = 0; i < def.resources.size(); ++i) {
    try {
      (components.resources()[i]->*prepare)();
    } catch (const std::exception& error) {
      run.Fail(std::make_exception_ptr(
          std::runtime_error("'" + def.resources[i].name + "' failed: " + error.what())));
    }
  }
}

void Graph::Impl::AllocatePools() {
  auto& source = dynamic_cast<SourceNode&>(components.node(0));
  for (int i = 0; i < def.capacity.sample_slots; ++i) {
    auto sample = std::make_unique<Sample>();
    sample->payload = source.NewPayload();
    samples.Add(std::move(sample));
  }
  auto& collate = dynamic_cast<CollateNode&>(components.node(FirstOf(NodeSpec::Kind::kCollate)));
  for (int i = 0; i < def.capacity.batch_slots; ++i) {
    auto batch = std::make_unique<Batch>();
    buffers.push_back(collate.Allocate(layout.bytes()));
    batch->layout = layout;
    batch->buffer = buffers.back().get();
    batch->ids.resize(static_cast<size_t>(layout.rows));
    batch->labels.resize(static_cast<size_t>(layout.rows));
    batches.Add(std::move(batch));
  }
  samples.SetLimit(static_cast<size_t>(settings.sample_slots));
  batches.SetLimit(static_cast<size_t>(settings.batch_slots));
  const size_t window_index = FirstOf(NodeSpec::Kind::kWindow);
  if (window_index == components.nodes().size()) return;
  auto& window_node = dynamic_cast<WindowNode&>(components.node(window_index));
  if (window_node.KeepsBatches()) fewest_batches = def.batch_slots;  // a window must fit
  for (int i = 0; i < kStepSlots; ++i) {
    auto step = std::make_unique<Step>();
    step->payload = window_node.NewPayload();
    steps.Add(std::move(step));
  }
}

void Graph::Impl::BuildRunners() {
  flow = std::make_unique<tbb::flow::graph>();  // attaches to the arena it is made in
  env = std::make_unique<internal::RunnerEnv>(
      internal::RunnerEnv{run, *lane, samples, batches, steps});
  auto& source = dynamic_cast<SourceNode&>(components.node(0));
  admission = std::make_unique<Admission>(source, layout, samples, batches, run, [this](Sample* s) {
    s->arrived_ns = NowNs();
    runners.front()->entry().try_put(s);
  });
  for (size_t i = 0; i < components.nodes().size(); ++i) {
    runners.push_back(MakeRunner(i));
    if (!IsWorkerNode(i)) runners.back()->SetSerial();
    runners.back()->SetTrace(trace, static_cast<uint16_t>(i));
  }
  Connect();
}

std::unique_ptr<internal::NodeRunner> Graph::Impl::MakeRunner(size_t index) {
  const NodeDef& node_def = def.nodes[index];
  const NodeSpec& spec = components.spec(index);
  Node& node = components.node(index);
  const bool passes_on = index + 1 < def.nodes.size();
  const bool returns_lease = index == LastOnLane();
  switch (spec.kind) {
    case NodeSpec::Kind::kCollate:
      return std::make_unique<internal::CollateRunner>(
          *flow, *env, *admission, dynamic_cast<CollateNode&>(node), node_def.name, passes_on);
    case NodeSpec::Kind::kWindow: {
      auto runner = std::make_unique<internal::WindowRunner>(
          *flow, *env, *admission, dynamic_cast<WindowNode&>(node), node_def.name, passes_on,
          returns_lease);
      window = runner.get();
      return runner;
    }
    case NodeSpec::Kind::kStep: {
      const internal::StepEnd end{window, passes_on, returns_lease};
      if (spec.on_lane) {
        return std::make_unique<internal::LaneStepRunner>(
            *flow, *env, dynamic_cast<StepNode&>(node), node_def.name, end);
      }
      return std::make_unique<internal::WorkerStepRunner>(
          *flow, *env, dynamic_cast<StepNode&>(node), node_def.name, end);
    }
    default:
      return std::make_unique<internal::SampleRunner>(*flow, *env, *admission,
                                                      dynamic_cast<SampleNode&>(node),
                                                      node_def.name, settings.workers[index]);
  }
}

void Graph::Impl::Connect() {
  for (size_t i = 0; i < runners.size(); ++i) {
    runners[i]->ConnectWithin();
    if (auto* sample_runner = dynamic_cast<internal::SampleRunner*>(runners[i].get())) {
      tbb::flow::make_edge(sample_runner->rejects(), runners.front()->entry());
    }
    if (i + 1 < runners.size()) tbb::flow::make_edge(*runners[i]->exit(), runners[i + 1]->entry());
  }
}

void Graph::Impl::Run() {
  if (flow) throw std::logic_error("a graph runs once: make a new one");
  {
    const std::lock_guard lock(live_mutex);
    threads.emplace(def.capacity.threads);  // first: TBB warns of an arena above its ceiling
  }
  arena.initialize(def.capacity.threads, 1);
  internal::StartThreads(arena, def.capacity.threads);
  const NotLive at_end(*this);
  const internal::WorkerThreads observer(arena, worker_cpu, [this] {
    PrepareThread(&Resource::OnWorkerThread);
    lane->Refresh();  // some libraries keep one thread count for the whole process
  });
  {
    const std::lock_guard lock(live_mutex);
    arena.execute([this] { BuildRunners(); });
  }
  try {
    StartNodes();
    for (auto& runner : runners) runner->gate().ResetCounters();
    idle_at_start_ns = lane->idle_ns();
    SetLive();
    arena.execute([this] {
      admission->Pump();
      flow->wait_for_all();
    });
    EndLive();  // what the nodes do at the end is not part of the flow
    if (run.aborted()) {
      ReclaimAfterAbort();
      run.RethrowIfFailed();
    } else {
      CheckAtRest();
      FlushNodes();
      run.RethrowIfFailed();
    }
  } catch (...) {
    CloseAll();
    throw;
  }
  CloseAll();
}

void Graph::Impl::OnOwnThread(size_t index, const std::function<void()>& call) {
  const auto guarded = [&] {
    try {
      call();
    } catch (const ConfigError&) {
      throw;
    } catch (const DataError&) {
      throw;
    } catch (const std::exception& error) {
      throw NodeError(def.nodes[index].name, "", error.what());
    }
  };
  if (runners[index]->on_lane()) {
    lane->Call(guarded);
  } else {
    guarded();
  }
}

void Graph::Impl::StartNodes() {
  for (size_t i = 0; i < runners.size() && !run.aborted(); ++i) {
    OnOwnThread(i, [&] { components.node(i).Start(); });
  }
}

void Graph::Impl::FlushNodes() {
  for (size_t i = 0; i < runners.size(); ++i) {
    OnOwnThread(i, [&] { components.node(i).Flush(); });
  }
}

void Graph::Impl::CloseAll() noexcept {
  for (size_t i = runners.size(); i-- > 0;) {
    if (runners[i]->on_lane()) {
      lane->Call([&] { components.node(i).Close(); });
    } else {
      components.node(i).Close();
    }
  }
  components.CloseResources();
}

// A starved graph does not hang: TBB reports it as done. So what went in is compared with what came
// out.
void Graph::Impl::CheckAtRest() {
  if (admission->ended() && PoolsWhole() && (window == nullptr || window->lease_is_home())) return;
  std::string message = "the graph has stopped with work unfinished: ";
  for (const PoolCounters& pool : {samples.counters(), batches.counters(), steps.counters()}) {
    if (pool.in_use == 0) continue;
    message += std::to_string(pool.in_use) + " of " + std::to_string(pool.slots) + ' ' + pool.name +
               " did not come back; ";
  }
  if (batches.counters().in_use == batches.counters().slots) {
    message += "more batch buffers are needed than the graph has (raise pools.batches)";
  } else {
    message += std::to_string(admission->admitted_samples()) + " samples were admitted";
  }
  throw GraphStalled(message);
}

void Graph::Impl::ReclaimAfterAbort() {
  if (Batch* unfinished = admission->TakeUnfinished()) batches.Release(unfinished);
  if (window != nullptr) window->Abandon();
}

size_t Graph::Impl::FirstOf(NodeSpec::Kind kind) const {
  size_t i = 0;
  while (i < components.nodes().size() && components.spec(i).kind != kind) ++i;
  return i;
}

size_t Graph::Impl::LastOnLane() const {
  size_t last = 0;
  for (size_t i = 0; i < components.nodes().size(); ++i) {
    const NodeSpec& spec = components.spec(i);
    if (spec.kind == NodeSpec::Kind::kWindow ||
        (spec.kind == NodeSpec::Kind::kStep && spec.on_lane)) {
      last = i;
    }
  }
  return last;
}

Graph::Graph(const GraphDef& def, const Registry& registry, RunControl& run)
    : impl_(std::make_unique<Impl>(def, registry, run)) {}

Graph::~Graph() = default;

void Graph::Open() { impl_->Open(); }
void Graph::Run() { impl_->Run(); }

}  // namespace flowtrain
