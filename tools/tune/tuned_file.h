// The settings that `flowtrain tune` found, one file per machine.
#pragma once

#include <map>
#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/graph_settings.h"
#include "tools/load/machine.h"

namespace flowtrain {

struct TunedGraph {
  // What the settings hold for: the processor, the device, and every option of the graph that
  // affects how much work an image is ("augment.size": "96").
  std::map<std::string, std::string> holds_for;
  std::map<std::string, int> workers;  // by node
  int threads = 1, sample_slots = 0, batch_slots = 1;
  double before = 0, after = 0;  // images/s
};

// What the settings of this graph on this machine hold for.
std::map<std::string, std::string> TunedFor(const GraphDef& def, const Registry& registry,
                                            const Machine& machine, const std::string& device);

// "configs/tuned/HOST.yaml", for FindShippedFile.
std::string TunedName(const Machine& machine);

// The file to write, which FindShippedFile then finds from any folder: the working directory's if
// there is one, otherwise the one beside what ships or, if that may not be written to, again the
// working directory's.
std::string PathToTune(const Machine& machine);

// Before the search: throws where WriteTuned could not write the file, or would write over one that
// is not of flowtrain tune. Makes its folder.
void TryTuned(const std::string& path);

// Puts the graph's settings into the file; those of other graphs stay. Throws std::runtime_error if
// it cannot be written.
void WriteTuned(const std::string& path, const std::string& graph, const TunedGraph& tuned);

// Sets `def` as the file says. Throws ConfigError if there is no file, if it has no such graph, or
// if its settings hold for another machine or graph: then it names what differs.
void ApplyTuned(const std::string& path, const std::map<std::string, std::string>& holds_for,
                GraphDef& def);

}  // namespace flowtrain
