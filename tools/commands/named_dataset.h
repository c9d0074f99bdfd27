// DATASET on the command line: a data set that needs no graph.
#pragma once

#include <string>
#include <vector>

#include "nodes/data/dataset.h"
#include "pipeline/config/config.h"
#include "tools/load/checkpoint_parameters.h"

namespace flowtrain {

struct DatasetRequest {
  std::string dataset;                     // data set of any kind, or "sample"
  std::vector<std::string> configs, sets;  // as for graphs: data.splits, sample.images, …
};

// The parameters: those that ship, with those of `checkpoint` (may be null; TakeNetwork), then the
// files and settings that are given. Throws ConfigError, also for settings that say what DATASET
// says; `command` is what it calls itself: "pack".
Config ParametersOf(const DatasetRequest& request, const std::string& command,
                    const CheckpointParameters* checkpoint = nullptr);

// The data set, whose kind is told by the files that lie there.
DatasetOptions NamedDataset(const DatasetRequest& request, const Config& config);

// What help says of DATASET.
inline constexpr char kDatasetHelp[] =
    "Folder of images, of STL-10's or CIFAR's files or of tar files, a list (.csv, .txt), tar file "
    "or packed file, or sample (the built-in pictures)";

}  // namespace flowtrain
