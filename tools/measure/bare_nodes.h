// The nodes of a graph's loader, opened to be called without the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pipeline/node/node.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

class Registry;
class RunControl;

// Makes and opens a graph's components, and starts its nodes on samples; no gates, no tasks, no
// device lane. Closes them at the end.
class BareNodes {
 public:
  // Throws ConfigError, DataError.
  BareNodes(const GraphDef& def, const Registry& registry, RunControl& run);
  ~BareNodes();
  BareNodes(const BareNodes&) = delete;
  BareNodes& operator=(const BareNodes&) = delete;

  const std::vector<SampleNode*>& nodes() const { return nodes_; }  // the source first
  CollateNode& stage() const { return *stage_; }                    // neither started nor closed
  const Graph& graph() const { return graph_; }
  // Tells the resources that nodes will be called on this thread.
  void JoinThread() const;

  // Gives the batch its layout and a buffer, which the returned pointer owns.
  std::shared_ptr<uint8_t> Allocate(Batch& batch) const;
  // Begins the next batch in `batch`. False if the source has no more.
  bool BeginBatch(Batch& batch);
  // Brings the next sample to a row of `batch`. As in a run, another image replaces one that cannot
  // be used. Throws what a node throws.
  void Admit(Sample& sample, Batch& batch, int row);

 private:
  bool Process(Sample& sample) const;  // false: the image could not be used

  Graph graph_;
  SourceNode* source_ = nullptr;
  CollateNode* stage_ = nullptr;
  std::vector<SampleNode*> nodes_;
  std::vector<Resource*> resources_;
  uint64_t batches_ = 0, samples_ = 0;  // admitted
};

}  // namespace flowtrain
