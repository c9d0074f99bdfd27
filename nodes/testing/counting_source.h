// A source that counts.
#pragma once

#include <cstdint>

#include "nodes/testing/test_behaviour.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Admits ids 0, 1, 2, … over and over, for a fixed number of epochs.
//
// Output  ids  sample  id and key alone; no bytes.
// Memory  none.
// Threads any number.
//
// Example:
//   source: {type: CountingSource, out: ids, options: {epochs: 2, steps_per_epoch: 5, window: 4}}
class CountingSource final : public TestBehaviour<SourceNode> {
 public:
  static void Declare(NodeSpec& spec);

  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  void Substitute(Sample& sample) override;
  Outcome Process(Sample& sample, Worker& worker) override;
  uint64_t size() const override { return static_cast<uint64_t>(ids_); }

 private:
  int64_t epochs_ = 0, steps_per_epoch_ = 0, ids_ = 0, seed_ = 0;  // options
  int window_ = 0;
};

}  // namespace flowtrain
