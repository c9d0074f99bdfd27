// From the words of the command line to a graph that is checked and ready to build.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/runtime/find_component.h"
#include "pipeline/runtime/graph.h"
#include "tools/load/resume.h"
#include "tools/process/signals.h"

namespace flowtrain {

// What every subcommand that takes a graph takes with it.
struct GraphRequest {
  std::string graph;                 // file
  std::vector<std::string> configs;  // files that override the graph's own parameters
  std::vector<std::string> sets;     // "key=value", override the files
  std::string run_dir, init;         // empty: not given
  ResumeRequest resume;
};

struct LoadedGraph {
  Config config;
  GraphDef def;
  std::optional<ResumePoint> resume;  // where it goes on; empty: it is a new run
};

// Reads and checks the graph as the request says. Parameters, the later overriding the earlier: the
// graph's default file, its `parameters`, --config, --set, and --run-dir, --resume and --init. A
// run that goes on has its own parameters in place of the graph's; a change that would make it
// another run is refused (CheckParameters). If the parameter `checkpoint` names one, the network
// and the data set of the run that made it override the graph's own; if it names weights, their
// network does. Throws ConfigError, and DataError for weights that cannot be read.
LoadedGraph Load(const GraphRequest& request);

// The same with the data set that a run would take. If the graph's default data set is not there,
// nobody has named another and data.if_missing is `sample`, the graph's sample_config overrides the
// graph's own parameters, and the built-in set is taken, with a warning. The relative data.root of
// the graph's default parameters is looked for in ShippedFolder() too.
LoadedGraph LoadWithData(const GraphRequest& request);

// The same for a run on this machine: data.num_workers is lowered to the number of cores, with a
// warning. If data.cache is `packed`, the packed file of the data set is made or found
// (PackedCacheOf) and taken in its place; `signals` (may be null) can end that.
LoadedGraph LoadForRun(const GraphRequest& request, StopSignals* signals = nullptr);

// Whether the opened graph can go on where it is to. Throws as CheckEpochLength does.
void CheckResumes(const LoadedGraph& loaded, const Graph& graph);

}  // namespace flowtrain
