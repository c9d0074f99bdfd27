// Admission: what gives a free sample slot its place in the run. Nothing enters the graph without a
// sample slot and a row of a batch, and both are fixed here, so the order of training is the order
// of admission whatever the worker counts.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "pipeline/node/node.h"
#include "pipeline/node/packet.h"
#include "pipeline/runtime/pool.h"

namespace flowtrain {

class RunControl;

class Admission {
 public:
  // `send` passes an admitted sample to the source's workers.
  Admission(SourceNode& source, BatchLayout layout, Pool<Sample>& samples, Pool<Batch>& batches,
            RunControl& run, std::function<void(Sample*)> send);

  // Admits as much as the free slots allow. Called at the start and whenever a slot goes home.
  void Pump();
  // Gives an unreadable sample another image, in the same slot and row. False: the source gave up
  // and the run has failed.
  bool Substitute(Sample& sample);

  // Valid while nothing is in flight.
  bool ended() const { return ended_; }
  uint64_t admitted_samples() const { return admitted_samples_; }
  uint64_t admitted_batches() const { return admitted_batches_; }
  // The batch of which rows are still missing, or nullptr; it no longer belongs to the admission.
  Batch* TakeUnfinished();

 private:
  Sample* AdmitOne();
  bool BeginBatch();  // sets batch_; false: no slot is free, or the run is over
  bool AtWindowStart() const { return last_in_window_ + 1 >= last_window_; }

  SourceNode& source_;
  const BatchLayout layout_;
  Pool<Sample>& samples_;
  Pool<Batch>& batches_;
  RunControl& run_;
  const std::function<void(Sample*)> send_;

  std::mutex mutex_;
  Batch* batch_ = nullptr;
  int row_ = 0;
  int last_in_window_ = 0, last_window_ = 1;  // of the batch admitted last
  bool ended_ = false;
  uint64_t admitted_samples_ = 0, admitted_batches_ = 0;
};

}  // namespace flowtrain
