// A graph of test nodes that has a loader and something after it.
#pragma once

#include <string>

#include "pipeline/config/config.h"
#include "pipeline/config/value.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

inline constexpr char kTestGraph[] = R"(
graph: testing
pools: {samples: 16, batches: 3}
workers: 2
resources:
  log: {type: TestLog}
nodes:
  source:
    {type: CountingSource, out: ids, workers: 2, options: {steps_per_epoch: 6, ids: 50}}
  work:
    {type: SpinSample, in: ids, out: rows, workers: 2, options: {
      service_us: ${service_us}, sleep: true, bad_every: 7, write: true}}
  stage: {type: TestCollate, in: rows, out: batches, options: {batch_size: 4, view_bytes: 12}}
  train: {type: TestWindow, in: batches, out: windows}
  step: {type: TestStep, in: windows, out: steps}
  sink: {type: TestSink, in: steps}
)";

// `service_us`: the time that the node `work` takes per sample.
inline GraphDef TestGraph(int service_us = 0) {
  Config config{ReadYaml("service_us: " + std::to_string(service_us), "parameters.yaml")};
  return LoadGraph(ReadYaml(kTestGraph, "testing.yaml"), config, Registry::Global());
}

}  // namespace flowtrain
