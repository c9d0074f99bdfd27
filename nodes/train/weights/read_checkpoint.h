// Where a training stands. Free of libtorch: the program reads this from a checkpoint before it
// makes a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace flowtrain {

// Where a training stands: everything but the network and the optimiser.
struct TrainingState {
  uint64_t steps_done = 0;  // optimiser steps, so also the number of the next one
  uint64_t steps_per_epoch = 1;
  std::string config = {};  // resolved parameters, YAML
  std::string graph = {};   // name of the graph
  // Percent: kNN accuracy of the untrained backbone; empty if it was not evaluated.
  std::optional<double> knn_top1_start = {};
  // The images trained on, as DatasetIdentity::ToText has it. Empty: not known, since an older
  // version wrote the checkpoint.
  std::string dataset = {};
  int ranks = 1;  // that worked on a step together
};

// The state of a checkpoint, without its tensors. Throws DataError for a file that is missing,
// damaged or not a checkpoint, std::runtime_error for one of a newer version. Those that read the
// tensors throw DataError too where one of them is not finite.
TrainingState ReadTrainingState(const std::string& path);

// `path` itself if it is a file; if it is a run's folder or its checkpoints folder, the newest
// whole checkpoint there. Reads the file to the end to make sure, and warns of newer ones that are
// damaged or not finite. Throws ConfigError if there is none.
std::string FindCheckpoint(const std::string& path);

// Whether FindCheckpoint would have a file to examine in that folder, whole or not.
bool HasCheckpoint(const std::string& folder);

// Whether the file says that it is a checkpoint, and not only weights. Throws nothing.
bool IsCheckpoint(const std::string& path);

// Reads a checkpoint to the end, compares every checksum, and returns the digest of its tensors
// (parameters, running statistics, optimiser, loss scaler): 16 hexadecimal digits, equal for equal
// states. Throws as ReadTrainingState does.
std::string CheckpointDigest(const std::string& path);

}  // namespace flowtrain
