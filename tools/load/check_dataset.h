// A look at the data set of a graph, without running it.
#pragma once

#include <ostream>

#include "tools/load/load.h"

namespace flowtrain {

// Opens the graph's data set, and reads and decodes the first, the last and a few random images of
// those to train on, and of those to judge on. Prints what it is, its classes and each image's
// size. Throws ConfigError for a graph without a data set, and for what opening it or a run would
// refuse; DataError for a set that is broken, and where one of these images cannot be used.
void CheckDataset(const LoadedGraph& loaded, std::ostream& out);

}  // namespace flowtrain
