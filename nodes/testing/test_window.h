// A window node that digests instead of training.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/testing/test_behaviour.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// What TestWindow leaves with a step: a digest of each of its batches, in order.
struct TestDigests : Payload {
  std::vector<uint64_t> of_batches;
};

// FNV-1a over a batch's ids and bytes, in their order.
uint64_t Digest(const Batch& batch);

// Takes windows of batches and digests them.
//
// Input   batches  batch
// Output  windows  step   payload TestDigests.
// Memory  eight bytes per batch of a window.
// Threads the device lane.
//
// Example:
//   train: {type: TestWindow, in: batches, out: windows, options: {service_us: 500}}
class TestWindow final : public TestBehaviour<WindowNode> {
 public:
  static void Declare(NodeSpec& spec);

  std::unique_ptr<Payload> NewPayload() override { return std::make_unique<TestDigests>(); }
  void Process(Batch& batch, Step& step) override;
};

}  // namespace flowtrain
