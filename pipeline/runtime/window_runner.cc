#include "pipeline/runtime/window_runner.h"

#include <utility>

namespace flowtrain::internal {

WindowRunner::WindowRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission,
                           WindowNode& node, std::string name, bool passes_on, bool returns_lease)
    : LaneRunner(graph, env.lane, std::move(name)),
      env_(env),
      admission_(admission),
      node_(node),
      passes_on_(passes_on),
      returns_lease_(returns_lease) {}

void WindowRunner::Arrive(Packet* packet) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(static_cast<Batch*>(packet));
  }
  BeginWindows();
}

void WindowRunner::BeginWindows() {
  std::unique_lock lock(mutex_);
  // One thread submits at a time, or batches could overtake each other between the queue and the
  // gate. Who finds another at it leaves: that one looks again before it stops.
  if (submitting_) return;
  submitting_ = true;
  while (!waiting_.empty() && (waiting_.front()->in_window != 0 || TakeLease(*waiting_.front()))) {
    Batch* batch = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    Submit(batch);
    lock.lock();
  }
  submitting_ = false;
}

bool WindowRunner::TakeLease(const Batch& first) {
  if (!lease_home_) return false;
  step_ = env_.steps.TryAcquire();
  if (step_ == nullptr) return false;
  lease_home_ = false;
  step_->seq = first.step;
  step_->step = first.step;
  step_->epoch = first.epoch;
  step_->steps_per_epoch = first.steps_per_epoch;
  step_->total_steps = first.total_steps;
  step_->images = first.window * first.layout.rows;
  step_->last_of_epoch = false;
  return true;
}

Packet* WindowRunner::Work(Packet* packet) {
  auto& batch = static_cast<Batch&>(*packet);
  Step* step = step_;
  const bool last = batch.in_window + 1 == batch.window;
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

void WindowRunner::SendHome(Batch* batch, bool last_of_window) {
  kept_.push_back(batch);
  if (node_.KeepsBatches() && !last_of_window) return;
  for (Batch* done : kept_) env_.batches.Release(done);
  kept_.clear();
  admission_.Pump();
}

void WindowRunner::ReturnLease() {
  {
    const std::lock_guard lock(mutex_);
    lease_home_ = true;
  }
  BeginWindows();
}

bool WindowRunner::lease_is_home() const {
  const std::lock_guard lock(mutex_);
  return lease_home_;
}

void WindowRunner::Abandon() {
  const std::lock_guard lock(mutex_);
  for (Batch* batch : kept_) env_.batches.Release(batch);
  kept_.clear();
  if (step_ != nullptr) env_.steps.Release(std::exchange(step_, nullptr));
  lease_home_ = true;
}

}  // namespace flowtrain::internal
