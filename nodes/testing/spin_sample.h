// A sample node that takes time.
#pragma once

#include <cstdint>

#include "nodes/testing/test_behaviour.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Stands for any work on a sample: takes its time, finds some ids bad, and can fill the sample's
// row with noise that depends on seed, epoch, id, attempt and view alone.
//
// Input   in   sample  anything.
// Output  out  sample  the same; with `write` both views are in its row.
// Memory  none.
// Threads any number.
//
// Example:
//   work: {type: SpinSample, in: ids, out: rows, workers: 4,
//          options: {service_us: 50, write: true}}
class SpinSample : public TestBehaviour<SampleNode> {
 public:
  static void Declare(NodeSpec& spec);

  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  int64_t bad_every_ = 0;  // options
  bool write_ = false;
};

// The same for one sample at a time, like a node that cannot be shared.
//
// Example:
//   work: {type: SerialSample, in: ids, out: rows, options: {service_us: 50}}
class SerialSample final : public SpinSample {
 public:
  static void Declare(NodeSpec& spec) {
    SpinSample::Declare(spec);
    spec.Serial();
  }
};

}  // namespace flowtrain
