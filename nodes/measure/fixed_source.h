// A source without a data set: the same noise in every batch, at no cost per sample.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "pipeline/node/node.h"

namespace flowtrain {

// Fills each batch buffer with noise the first time it is admitted and leaves it alone from then
// on. It feeds the stage node directly, so a run measures the training alone: the bound with which
// `flowtrain bench` compares a loader.
//
// Output  rows  sample  its row already holds both views.
// Threads any number; there is nothing to do.
//
// Example:
//   source: {type: FixedSource, out: rows, options: {steps: 20, window: 4}}
class FixedSource final : public SourceNode {
 public:
  static void Declare(NodeSpec& spec);

  void Open(const OpenContext& context) override;
  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  void Substitute(Sample&) override {}
  Outcome Process(Sample&, Worker&) override { return Ok(); }
  uint64_t size() const override { return images_; }

 private:
  std::string window_;  // options
  int64_t steps_ = 0, effective_batch_ = 0, seed_ = 0;
  uint64_t batches_a_window_ = 1;
  uint64_t images_ = 0;              // of the batches admitted so far
  std::set<const uint8_t*> filled_;  // buffers that hold their noise
};

}  // namespace flowtrain
