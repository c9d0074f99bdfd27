#include "nodes/testing/counting_source.h"

#include "pipeline/base/philox.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void CountingSource::Declare(NodeSpec& spec) {
  spec.Doc("Admits ids 0, 1, 2, … over and over; for tests and benches of the engine.")
      .Output("ids", Stream::kSample)
      .Option(&CountingSource::epochs_, "epochs", 1, "Epochs of the run.", AtLeast{1})
      .Option(&CountingSource::steps_per_epoch_, "steps_per_epoch", 10,
              "Optimiser steps per epoch.", AtLeast{1})
      .Option(&CountingSource::window_, "window", 1, "Batches per optimiser step.", AtLeast{1})
      .Option(&CountingSource::ids_, "ids", 1000, "Ids there are, from 0.", AtLeast{1})
      .Option(&CountingSource::seed_, "seed", 42, "Seed of every draw.", AtLeast{0});
  DeclareBehaviour(spec);
}

bool CountingSource::AdmitBatch(Batch& batch) {
  const auto window = static_cast<uint64_t>(window_);
  const auto steps = static_cast<uint64_t>(steps_per_epoch_);
  batch.step = batch.seq / window;
  batch.epoch = batch.step / steps;
  batch.steps_per_epoch = steps;
  batch.total_steps = static_cast<uint64_t>(epochs_) * steps;
  batch.in_window = static_cast<int>(batch.seq % window);
  batch.window = window_;
  batch.last_of_epoch = batch.step % steps + 1 == steps && batch.in_window + 1 == window_;
  return batch.epoch < static_cast<uint64_t>(epochs_);
}

void CountingSource::AdmitSample(Sample& sample) {
  const Batch& batch = *sample.batch;
  const uint64_t batches_per_epoch = batch.steps_per_epoch * static_cast<uint64_t>(window_);
  sample.epoch = batch.epoch;
  sample.position = batch.seq % batches_per_epoch * static_cast<uint64_t>(batch.layout.rows) +
                    static_cast<uint64_t>(sample.row);
  sample.id = sample.position % size();
  sample.seed = static_cast<uint64_t>(seed_);
}

void CountingSource::Substitute(Sample& sample) {
  Rng rng(
      {.seed = sample.seed, .stream = sample.epoch, .id = sample.position, .purpose = kSubstitute});
  for (int i = 0; i < sample.attempt; ++i) sample.id = rng.Below(size());
}

Outcome CountingSource::Process(Sample& sample, Worker&) {
  Work(sample);
  return Ok();
}

FLOWTRAIN_REGISTER(CountingSource);

}  // namespace flowtrain
