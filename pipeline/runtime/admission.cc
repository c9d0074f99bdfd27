#include "pipeline/runtime/admission.h"

#include <exception>
#include <utility>

#include "pipeline/node/run_control.h"

namespace flowtrain {

Admission::Admission(SourceNode& source, BatchLayout layout, Pool<Sample>& samples,
                     Pool<Batch>& batches, RunControl& run, std::function<void(Sample*)> send)
    : source_(source),
      layout_(layout),
      samples_(samples),
      batches_(batches),
      run_(run),
      send_(std::move(send)) {}

void Admission::Pump() {
  // One at a time, so that no message is sent under the lock.
  while (Sample* sample = AdmitOne()) send_(sample);
}

bool Admission::Substitute(Sample& sample) {
  const std::lock_guard lock(mutex_);
  try {
    ++sample.attempt;
    source_.Substitute(sample);
    sample.error.clear();
    return true;
  } catch (...) {
    run_.Fail(std::current_exception());
    return false;
  }
}

Batch* Admission::TakeUnfinished() {
  const std::lock_guard lock(mutex_);
  return std::exchange(batch_, nullptr);
}

Sample* Admission::AdmitOne() {
  const std::lock_guard lock(mutex_);
  if (ended_ || run_.aborted()) return nullptr;
  Sample* sample = nullptr;
  try {
    if (batch_ == nullptr && !BeginBatch()) return nullptr;
    sample = samples_.TryAcquire();
    if (sample == nullptr) return nullptr;
    sample->seq = admitted_samples_;
    sample->batch = batch_;
    sample->row = row_;
    sample->attempt = 0;
    sample->error.clear();
    source_.AdmitSample(*sample);
  } catch (...) {
    ended_ = true;
    run_.Fail(std::current_exception());
    if (sample != nullptr) samples_.Release(sample);
    return nullptr;
  }
  ++admitted_samples_;
  if (++row_ == layout_.rows) batch_ = nullptr;
  return sample;
}

bool Admission::BeginBatch() {
  if (run_.draining() && AtWindowStart()) {
    ended_ = true;
    return false;
  }
  Batch* batch = batches_.TryAcquire();
  if (batch == nullptr) return false;
  batch->seq = admitted_batches_;
  batch->rows_done.store(0, std::memory_order_relaxed);
  bool more = false;
  try {
    more = source_.AdmitBatch(*batch);
  } catch (...) {
    batches_.Release(batch);
    throw;
  }
  if (!more) {
    batches_.Release(batch);
    ended_ = true;
    return false;
  }
  last_in_window_ = batch->in_window;
  last_window_ = batch->window;
  batch_ = batch;
  row_ = 0;
  ++admitted_batches_;
  return true;
}

}  // namespace flowtrain
