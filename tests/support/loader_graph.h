// The graphs of a loader without a trainer, as the program loads them: with the pictures of
// loader_testing::Request.
#pragma once

#include <string>
#include <vector>

#include "tools/load/load.h"

namespace flowtrain {

inline GraphDef LoadedLoader(const std::vector<std::string>& more_sets = {},
                             const std::string& graph = "loader") {
  GraphRequest request;
  request.graph = FLOWTRAIN_SOURCE_DIR "/graphs/" + graph + ".yaml";
  request.sets = {"data.kind=sample",  "sample.images=61",   "data.image_size=24",
                  "data.batch_size=8", "data.num_workers=2", "loader.seed=7"};
  request.sets.insert(request.sets.end(), more_sets.begin(), more_sets.end());
  return LoadForRun(request).def;
}

}  // namespace flowtrain
