#include <algorithm>
#include <utility>

#include "pipeline/base/clock.h"
#include "pipeline/graph/describe.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/graph_impl.h"

namespace flowtrain {

void Graph::Impl::SetLive() {
  const std::lock_guard lock(live_mutex);
  threads->Set(settings.threads);
  live = true;
}

void Graph::Impl::EndLive() {
  const std::lock_guard lock(live_mutex);
  live = false;
  threads.reset();
}

bool Graph::Impl::IsWorkerNode(size_t index) const {
  return internal::RunsOnOf(components.spec(index)) == internal::RunsOn::kWorkers;
}

void Graph::Impl::Apply(GraphSettings wanted) {
  const std::lock_guard lock(live_mutex);
  wanted.threads = std::clamp(wanted.threads, 1, def.capacity.threads);
  wanted.sample_slots = std::clamp(wanted.sample_slots, 1, def.capacity.sample_slots);
  wanted.batch_slots = std::clamp(wanted.batch_slots, fewest_batches, def.capacity.batch_slots);
  wanted.workers.resize(settings.workers.size(), 1);
  for (size_t i = 0; i < wanted.workers.size(); ++i) {
    wanted.workers[i] =
        IsWorkerNode(i) ? std::clamp(wanted.workers[i], 1, def.capacity.threads) : 1;
  }
  settings = wanted;
  samples.SetLimit(static_cast<size_t>(settings.sample_slots));
  batches.SetLimit(static_cast<size_t>(settings.batch_slots));
  if (!live) return;
  // Between taking packets from a gate and giving them to TBB the graph may look at rest.
  flow->reserve_wait();
  threads->Set(settings.threads);
  for (size_t i = 0; i < runners.size(); ++i) {
    if (IsWorkerNode(i)) runners[i]->SetLimit(settings.workers[i]);
  }
  admission->Pump();  // there may be more slots than before
  flow->release_wait();
}

Component* Graph::Find(std::string_view name) const { return impl_->components.Find(name); }
const GraphDef& Graph::def() const { return impl_->def; }
const Capacity& Graph::capacity() const { return impl_->def.capacity; }
void Graph::CallOnLane(const std::function<void()>& job) { impl_->lane->Call(job); }
void Graph::SetTrace(TraceRing* trace) { impl_->trace = trace; }
void Graph::Apply(const GraphSettings& settings) { impl_->Apply(settings); }

GraphSettings Graph::settings() const {
  const std::lock_guard lock(impl_->live_mutex);
  return impl_->settings;
}

bool Graph::running() const {
  const std::lock_guard lock(impl_->live_mutex);
  return impl_->live;
}

std::vector<NodeCounters> Graph::counters() const {
  std::vector<NodeCounters> figures;
  const std::lock_guard lock(impl_->live_mutex);  // while the runners are made there are none
  for (const auto& runner : impl_->runners) figures.push_back(runner->counters());
  return figures;
}

std::vector<PoolCounters> Graph::pools() const {
  return {impl_->samples.counters(), impl_->batches.counters(), impl_->steps.counters()};
}

size_t Graph::pool_bytes() const { return impl_->layout.bytes() * impl_->buffers.size(); }

Snapshot Graph::snapshot() const {
  Snapshot now;
  now.settings = settings();
  now.nodes = counters();
  now.pools = pools();
  now.lane_idle_ns = lane_idle_ns();
  now.lane_cpu_ns = impl_->lane ? impl_->lane->cpu_ns() : 0;
  now.process_cpu_ns = ProcessCpuNs();
  now.worker_cpu_ns = impl_->worker_cpu.Total();
  const size_t source = impl_->FirstOf(NodeSpec::Kind::kSource);
  if (source < impl_->components.nodes().size()) {
    const auto* waits = dynamic_cast<const WaitsOutside*>(&impl_->components.node(source));
    if (waits != nullptr) now.outside = waits->outside_wait();
  }
  now.at_ns = NowNs();
  return now;
}

uint64_t Graph::lane_idle_ns() const {
  return impl_->lane ? impl_->lane->idle_ns() - impl_->idle_at_start_ns : 0;
}

uint64_t Graph::admitted_samples() const {
  return impl_->admission ? impl_->admission->admitted_samples() : 0;
}

bool Graph::pools_whole() const { return impl_->PoolsWhole(); }

}  // namespace flowtrain
