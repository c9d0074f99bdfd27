#include "pipeline/stages.h"

#include <oneapi/tbb/task_arena.h>

#include <utility>

#include "pipeline/clock.h"

namespace flowtrain::internal {

namespace {

// How many samples there are to one whose call has its CPU time measured. Asking for it twice takes
// 0.75 us, which is to stay below 1 in 400 of a call.
uint64_t CpuPeriod(uint64_t service_ns) {
  if (service_ns >= 1'000'000) return 1;
  if (service_ns >= 100'000) return 4;
  return service_ns >= 8'000 ? 32 : 256;
}

}  // namespace

using tbb::flow::continue_msg;
using tbb::flow::unlimited;

NodeCounters Stage::counters() const {
  NodeCounters figures = gate_.counters();
  figures.name = name_;
  figures.on_lane = on_lane();
  figures.serial = serial_;
  figures.stream = stream();
  return figures;
}

void Stage::SetTrace(TraceRing* trace, uint16_t index) {
  trace_ = trace;
  index_ = index;
}

template <typename Work>
Call Stage::Timed(const Packet& packet, Work&& work) {
  Call call;
  // The packet may be somebody else's once the work is done.
  const uint64_t arrived_ns = packet.arrived_ns, seq = packet.seq;
  const Stream stream = packet.stream;
  call.cpu_measured = stream != Stream::kSample ||
                      seq % CpuPeriod(last_service_ns_.load(std::memory_order_relaxed)) == 0;
  const uint64_t cpu_ns = call.cpu_measured ? ThreadCpuNs() : 0;
  const uint64_t begin_ns = NowNs();
  work(call);
  call.end_ns = NowNs();
  if (call.cpu_measured) call.cpu_ns = ThreadCpuNs() - cpu_ns;
  call.service_ns = call.end_ns - begin_ns;
  last_service_ns_.store(call.service_ns, std::memory_order_relaxed);
  call.wait_ns = begin_ns > arrived_ns ? begin_ns - arrived_ns : 0;
  if (trace_ != nullptr) trace_->Add({index_, stream, seq, arrived_ns, begin_ns, call.end_ns});
  return call;
}

// Bodies are noexcept lambdas where they only pass a packet on: TBB runs a lightweight body in the
// sender's thread, without a task of its own, when it cannot throw.

WorkerStage::WorkerStage(tbb::flow::graph& graph, std::string name, int limit)
    : Stage(std::move(name), limit),
      worker_(graph, unlimited,
              [this](Packet* packet, Worker::output_ports_type& ports) { Run(packet, ports); }),
      entry_(graph, unlimited, [this](Packet* packet) noexcept {
        if (gate_.Enter(packet, packet->arrived_ns)) Begin(packet);
        return continue_msg();
      }) {}

void WorkerStage::Begin(Packet* packet) { worker_.try_put(packet); }

void WorkerStage::SetLimit(int limit) {
  for (Packet* packet : gate_.SetLimit(limit)) Begin(packet);
}

void WorkerStage::Run(Packet* packet, Worker::output_ports_type& ports) {
  Fate fate = Fate::kEnd;
  const Call call = Timed(*packet, [&](Call& made) { fate = Work(packet, made.bad); });
  if (fate != Fate::kEnd) packet->arrived_ns = call.end_ns;
  if (fate == Fate::kPass) std::get<0>(ports).try_put(packet);
  if (fate == Fate::kReject) std::get<1>(ports).try_put(packet);
  if (Packet* next = gate_.Leave(call)) Begin(next);
}

LaneStage::LaneStage(tbb::flow::graph& graph, Lane& lane, std::string name)
    : Stage(std::move(name), 1),
      lane_(lane),
      async_(graph, unlimited,
             [this](Packet* packet, Async::gateway_type& gateway) noexcept {
               gateway.reserve_wait();
               lane_.Post([this, packet] { Run(packet); });  // small enough to take no memory
             }),
      entry_(graph, unlimited, [this](Packet* packet) noexcept {
        Arrive(packet);
        return continue_msg();
      }) {}

void LaneStage::Submit(Packet* packet) {
  if (gate_.Enter(packet)) async_.try_put(packet);
}

void LaneStage::Run(Packet* packet) {
  Async::gateway_type& gateway = async_.gateway();
  Packet* result = nullptr;
  const Call call = Timed(*packet, [&](Call&) { result = Work(packet); });
  if (result != nullptr) {
    result->arrived_ns = call.end_ns;
    gateway.try_put(result);
  }
  if (Packet* next = gate_.Leave(call)) async_.try_put(next);
  gateway.release_wait();  // last: the graph may be at rest, and gone, right after
}

SampleStage::SampleStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission,
                         SampleNode& node, std::string name, int limit)
    : WorkerStage(graph, std::move(name), limit), env_(env), admission_(admission), node_(node) {}

WorkerStage::Fate SampleStage::Work(Packet* packet, bool& bad) {
  auto& sample = static_cast<Sample&>(*packet);
  Outcome outcome = Ok();
  Guarded(env_, name(), sample, [&] {
    flowtrain::Worker worker{tbb::this_task_arena::current_thread_index()};
    outcome = node_.Process(sample, worker);
  });
  if (outcome.ok) return Fate::kPass;  // also after an abort: the sample finds its way home
  bad = true;
  sample.error = std::move(outcome.why);
  return admission_.Substitute(sample) ? Fate::kReject : Fate::kPass;
}

CollateStage::CollateStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission,
                           CollateNode& node, std::string name, bool passes_on)
    : LaneStage(graph, env.lane, std::move(name)),
      env_(env),
      admission_(admission),
      node_(node),
      passes_on_(passes_on),
      in_order_(graph, [](Packet* batch) { return static_cast<size_t>(batch->seq); }),
      rows_(graph, unlimited, [this](Packet* packet) noexcept {
        CountRow(static_cast<Sample*>(packet));
        return continue_msg();
      }) {}

void CollateStage::ConnectWithin() { tbb::flow::make_edge(in_order_, LaneStage::entry()); }

void CollateStage::CountRow(Sample* sample) {
  Batch* batch = sample->batch;
  batch->ids[static_cast<size_t>(sample->row)] = sample->id;
  batch->labels[static_cast<size_t>(sample->row)] = sample->label;
  sample->hold.Reset();
  env_.samples.Release(sample);
  // Release what this worker wrote to its row; the one that counts the last row acquires all of it.
  const int done = batch->rows_done.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (done == batch->layout.rows) {
    batch->arrived_ns = NowNs();
    in_order_.try_put(batch);
  }
  admission_.Pump();
}

Packet* CollateStage::Work(Packet* packet) {
  auto& batch = static_cast<Batch&>(*packet);
  Guarded(env_, name(), batch, [&] { node_.Process(batch); });
  if (passes_on_) return packet;
  env_.batches.Release(&batch);
  admission_.Pump();
  return nullptr;
}

WindowStage::WindowStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission,
                         WindowNode& node, std::string name, bool passes_on, bool returns_lease)
    : LaneStage(graph, env.lane, std::move(name)),
      env_(env),
      admission_(admission),
      node_(node),
      passes_on_(passes_on),
      returns_lease_(returns_lease) {}

void WindowStage::Arrive(Packet* packet) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(static_cast<Batch*>(packet));
  }
  BeginWindows();
}

void WindowStage::BeginWindows() {
  std::unique_lock lock(mutex_);
  // One thread submits at a time, or batches could overtake each other between the queue and the
  // gate. Who finds another at it leaves: that one looks again before it stops.
  if (submitting_) return;
  submitting_ = true;
  while (!waiting_.empty() && (waiting_.front()->micro != 0 || TakeLease(*waiting_.front()))) {
    Batch* batch = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    Submit(batch);
    lock.lock();
  }
  submitting_ = false;
}

bool WindowStage::TakeLease(const Batch& first) {
  if (!lease_home_) return false;
  step_ = env_.steps.TryAcquire();
  if (step_ == nullptr) return false;
  lease_home_ = false;
  step_->seq = first.step;
  step_->step = first.step;
  step_->epoch = first.epoch;
  step_->steps_per_epoch = first.steps_per_epoch;
  step_->images = first.window * first.layout.rows;
  step_->last_of_epoch = false;
  return true;
}

Packet* WindowStage::Work(Packet* packet) {
  auto& batch = static_cast<Batch&>(*packet);
  Step* step = step_;
  const bool last = batch.micro + 1 == batch.window;
  step->last_of_epoch = batch.last_of_epoch;
  if (!env_.run.ending()) Guarded(env_, name(), batch, [&] { node_.Process(batch, *step); });
  SendHome(&batch, last);
  if (!last) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    step_ = nullptr;
  }
  const bool passes_on = passes_on_ && !env_.run.ending();
  if (!passes_on) env_.steps.Release(step);
  if (returns_lease_ || !passes_on) ReturnLease();
  return passes_on ? step : nullptr;
}

void WindowStage::SendHome(Batch* batch, bool last_of_window) {
  kept_.push_back(batch);
  if (node_.KeepsBatches() && !last_of_window) return;
  for (Batch* done : kept_) env_.batches.Release(done);
  kept_.clear();
  admission_.Pump();
}

void WindowStage::ReturnLease() {
  {
    const std::lock_guard lock(mutex_);
    lease_home_ = true;
  }
  BeginWindows();
}

bool WindowStage::lease_is_home() const {
  const std::lock_guard lock(mutex_);
  return lease_home_;
}

void WindowStage::Abandon() {
  const std::lock_guard lock(mutex_);
  for (Batch* batch : kept_) env_.batches.Release(batch);
  kept_.clear();
  if (step_ != nullptr) env_.steps.Release(std::exchange(step_, nullptr));
  lease_home_ = true;
}

namespace {

// Returns whether the step moves on.
bool EndStep(StageEnv& env, const StepEnd& end, Step& step) {
  if (!end.passes_on) env.steps.Release(&step);
  if (end.returns_lease) {
    end.window->ReturnLease();
  } else if (!end.passes_on) {
    end.window->StepIsHome();
  }
  return end.passes_on;
}

}  // namespace

LaneStepStage::LaneStepStage(tbb::flow::graph& graph, StageEnv& env, StepNode& node,
                             std::string name, StepEnd end)
    : LaneStage(graph, env.lane, std::move(name)), env_(env), node_(node), end_(end) {}

Packet* LaneStepStage::Work(Packet* packet) {
  auto& step = static_cast<Step&>(*packet);
  Guarded(env_, name(), step, [&] { node_.Process(step); });
  return EndStep(env_, end_, step) ? packet : nullptr;
}

WorkerStepStage::WorkerStepStage(tbb::flow::graph& graph, StageEnv& env, StepNode& node,
                                 std::string name, StepEnd end)
    : WorkerStage(graph, std::move(name), 1), env_(env), node_(node), end_(end) {}

WorkerStage::Fate WorkerStepStage::Work(Packet* packet, bool&) {
  auto& step = static_cast<Step&>(*packet);
  Guarded(env_, name(), step, [&] { node_.Process(step); });
  return EndStep(env_, end_, step) ? Fate::kPass : Fate::kEnd;
}

}  // namespace flowtrain::internal
