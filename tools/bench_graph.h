// The two graphs that `flowtrain bench` compares. Pure functions of a definition.
#pragma once

#include <cstdint>

#include "pipeline/graph_def.h"
#include "pipeline/registry.h"

namespace flowtrain {

// `def` from its source to its optimiser, then a StepMeter: `steps` optimiser steps of which the
// first `skip` are not timed. What evaluates, saves and reports is left out.
GraphDef LoaderGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip);

// The same without the loader: a FixedSource feeds the stage node.
GraphDef FixedGraph(const GraphDef& def, const Registry& registry, int64_t steps, int64_t skip);

}  // namespace flowtrain
