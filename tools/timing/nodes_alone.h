// Each node of a loader by itself: how fast is it on 1, 2, 4 … workers?
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/node/run_control.h"
#include "tools/measure/bare_nodes.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

// Calls the sample nodes of a graph without the engine. A node gets samples that went through the
// nodes before it; each thread has its own samples and calls the node on them over and over.
class NodesAlone {
 public:
  // Opens the graph and prepares samples for up to `most_workers` threads. Throws ConfigError,
  // DataError, and what a node throws.
  NodesAlone(const GraphDef& def, const Registry& registry, int most_workers);
  ~NodesAlone();
  NodesAlone(const NodesAlone&) = delete;
  NodesAlone& operator=(const NodesAlone&) = delete;

  size_t nodes() const { return nodes_.nodes().size(); }  // nodes on samples, the source first
  // Lets `workers` threads call the node for `seconds`.
  AloneRate Measure(size_t node, int workers, double seconds);

 private:
  struct Prepared;  // the samples of a thread
  void Prepare(Prepared& prepared);

  RunControl run_;
  BareNodes nodes_;
  std::vector<std::unique_ptr<Prepared>>
      prepared_;  // destroyed first: samples may hold what belongs to the nodes
};

}  // namespace flowtrain
