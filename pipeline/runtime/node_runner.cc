#include "pipeline/runtime/node_runner.h"

namespace flowtrain::internal {

NodeCounters NodeRunner::counters() const {
  NodeCounters figures = gate_.counters();
  figures.name = name_;
  figures.on_lane = on_lane();
  figures.serial = serial_;
  figures.stream = stream();
  return figures;
}

void NodeRunner::SetTrace(TraceRing* trace, uint16_t index) {
  trace_ = trace;
  index_ = index;
}

}  // namespace flowtrain::internal
