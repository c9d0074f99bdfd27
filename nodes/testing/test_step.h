// Step nodes that do nothing: one on the device lane, one off it.
#pragma once

#include "nodes/testing/test_behaviour.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Stands for the optimiser: takes its time on the device lane.
//
// Input   in   step
// Output  out  step  the same.
// Memory  none.
// Threads the device lane.
//
// Example:
//   step: {type: TestStep, in: windows, out: steps}
class TestStep final : public TestBehaviour<StepNode> {
 public:
  static void Declare(NodeSpec& spec);
  void Process(Step& step) override { Work(step); }
};

// The end of a graph: reports each step, and the digests that TestWindow left with it, to the log.
//
// Input   in  step
// Memory  none of its own; the log grows.
// Threads one at a time, off the device lane.
//
// Example:
//   sink: {type: TestSink, in: steps}
class TestSink final : public TestBehaviour<StepNode> {
 public:
  static void Declare(NodeSpec& spec);
  void Process(Step& step) override;
};

}  // namespace flowtrain
