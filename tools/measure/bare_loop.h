// A graph's loader without the engine: what the engine's own cost is measured against.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pipeline/node/node.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

class Registry;
class RunControl;

// Calls the node objects of a graph, from its source to the node that collates, one after the other
// on the calling thread: no gates, no tasks, no device lane, one sample and one batch. The images
// are those that a run of the graph processes, in the same order.
class BareLoop {
 public:
  // Makes and opens the graph's components. Throws ConfigError, DataError.
  BareLoop(const GraphDef& def, const Registry& registry, RunControl& run);
  ~BareLoop();
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  // Brings the next `images` images to their rows. False: the run was stopped, or the source has no
  // more. Throws what a node throws.
  bool Pass(uint64_t images);

  const Batch& batch() const { return batch_; }  // the one that is being filled

 private:
  bool BeginBatch();
  void Admit();
  void Process();
  bool TryNodes();  // false: the image could not be used

  RunControl& run_;
  Graph graph_;
  SourceNode* source_ = nullptr;
  std::vector<SampleNode*> nodes_;  // the source first
  CollateNode* stage_ = nullptr;
  std::shared_ptr<uint8_t> buffer_;
  Batch batch_;
  Sample sample_;
  uint64_t batches_ = 0, samples_ = 0;  // admitted
  int row_ = 0;                         // the next one of batch_
};

}  // namespace flowtrain
