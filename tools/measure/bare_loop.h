// A graph's loader without the engine, against which the engine's own cost is measured.
#pragma once

#include <cstdint>
#include <memory>

#include "pipeline/node/packet.h"
#include "tools/measure/bare_nodes.h"

namespace flowtrain {

// Calls the node objects of a graph, from its source to the node that collates, one after the other
// on the calling thread: no gates, no tasks, no device lane, one sample and one batch. It processes
// the same images as a run of the graph, in the same order.
class BareLoop {
 public:
  // Makes and opens the graph's components. Throws ConfigError, DataError.
  BareLoop(const GraphDef& def, const Registry& registry, RunControl& run);
  ~BareLoop();
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  // Brings the next `images` images to their rows. False if the run was stopped or the source has
  // no more. Throws what a node throws.
  bool Pass(uint64_t images);

  const Batch& batch() const { return batch_; }  // the batch being filled

 private:
  RunControl& run_;
  BareNodes nodes_;
  Batch batch_;
  std::shared_ptr<uint8_t> buffer_;  // of batch_
  Sample sample_;
  int row_ = 0;  // the next one in batch_
};

}  // namespace flowtrain
