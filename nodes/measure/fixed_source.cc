#include "nodes/measure/fixed_source.h"

#include "nodes/source/window_size.h"
#include "pipeline/base/philox.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void FixedSource::Declare(NodeSpec& spec) {
  spec.Doc("The same noise in every batch, without a data set: what a loader is measured against.")
      .Output("rows", Stream::kSample)
      .Required(&FixedSource::steps_, "steps", "Optimiser steps of the run.", AtLeast{1})
      .Option(&FixedSource::window_, "window", "1",
              "Batches per optimiser step, or auto: as effective_batch says.")
      .Option(&FixedSource::effective_batch_, "effective_batch", 0,
              "Images per optimiser step; 0: window times the batch size.", AtLeast{0})
      .Option(&FixedSource::seed_, "seed", 0, "Seed of the noise.");
}

void FixedSource::Open(const OpenContext& context) {
  batches_a_window_ =
      static_cast<uint64_t>(WindowSize(window_, effective_batch_, context.layout().rows,
                                       {context.NameOf("window"), context.NameOf("effective_batch"),
                                        context.NameInStage("batch_size")}));
}

bool FixedSource::AdmitBatch(Batch& batch) {
  const uint64_t window = batches_a_window_;
  const auto steps = static_cast<uint64_t>(steps_);
  if (batch.seq >= steps * window) return false;
  batch.seed = static_cast<uint64_t>(seed_);
  batch.epoch = 0;
  batch.step = batch.seq / window;
  batch.steps_per_epoch = batch.total_steps = steps;
  batch.in_window = static_cast<int>(batch.seq % window);
  batch.window = static_cast<int>(window);
  batch.last_of_epoch = batch.seq + 1 == steps * window;
  images_ += static_cast<uint64_t>(batch.layout.rows);
  if (filled_.insert(batch.buffer).second) {
    Rng rng({static_cast<uint64_t>(seed_), 0, filled_.size(), kTesting});
    for (size_t i = 0; i < batch.layout.bytes(); ++i) {
      batch.buffer[i] = static_cast<uint8_t>(rng.NextUint32());
    }
  }
  return true;
}

void FixedSource::AdmitSample(Sample& sample) {
  sample.epoch = sample.batch->epoch;
  sample.position = sample.seq;
  sample.id = static_cast<uint64_t>(sample.row);
  sample.seed = sample.batch->seed;
}

FLOWTRAIN_REGISTER(FixedSource);

}  // namespace flowtrain
