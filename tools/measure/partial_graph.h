// The graphs that `flowtrain bench` compares. Pure functions of a definition.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

// One in this many of a run's steps is run before timing begins.
inline constexpr int64_t kTimedShare = 5;

// `def` from its source to its optimiser, then a StepMeter: `steps` optimiser steps, of which the
// first `skip` are not timed. Nodes that evaluate, save and report are left out; a node of type
// `keep` right after the optimiser stays.
GraphDef LoaderGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip,
                     const std::string& keep = "");

// The same without the loader: a FixedSource feeds the stage node.
GraphDef FixedGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip);

// The loader alone: `def` up to the node that collates, as a HostStage, without a device or a
// program that takes the batches. These go home at once or, with `device_rate` > 0, through a
// PacedDevice of that many images per second. It runs until it is drained, in windows of one batch,
// all of them whole: rows without an image would count as images that cost nothing.
GraphDef HostGraph(const GraphDef& def, const Registry& registry, double device_rate = 0);

// The same to look at what is made: the last batch of an epoch is as `def` has it, and views are
// bytes only.
GraphDef ViewsGraph(const GraphDef& def, const Registry& registry);

// Throws ConfigError where a program outside takes the graph's batches: it has no model, and
// settings that are found here would not reach that program.
void RefuseLentBatches(const GraphDef& def);

// `def` from its source to its optimiser, with nothing after it; it runs until it is stopped. Nodes
// that evaluate, save and report are left out.
GraphDef TrainGraph(const GraphDef& def, const Registry& registry);

// The same without the loader: a FixedSource feeds the stage node.
GraphDef DeviceGraph(const GraphDef& def, const Registry& registry);

// The same graph on one worker.
GraphDef OnOneWorker(GraphDef def);

}  // namespace flowtrain
