// A collating node without an image.
#pragma once

#include <cstdint>
#include <memory>

#include "nodes/testing/test_behaviour.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Gathers samples into batches of plain bytes.
//
// Input   rows     sample  written to their rows.
// Output  batches  batch   uint8 [2, batch_size, view_bytes].
// Memory  its batch buffers, from the heap.
// Threads the device lane.
//
// Example:
//   stage: {type: TestCollate, in: rows, out: batches, options: {batch_size: 8, view_bytes: 16}}
class TestCollate final : public TestBehaviour<CollateNode> {
 public:
  static void Declare(NodeSpec& spec);

  BatchLayout Layout() const override;
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override;
  void Process(Batch& batch) override { Work(batch); }

 private:
  int batch_size_ = 0;  // options
  int64_t view_bytes_ = 0;
};

}  // namespace flowtrain
