// Where a training stands. Free of libtorch: the program asks it of a checkpoint before it makes a
// model.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// Where a training stands: everything but the network and the optimiser.
struct TrainingState {
  uint64_t steps_done = 0;  // optimiser steps, so also the number of the next one
  uint64_t steps_per_epoch = 1;
  std::string config = {};  // resolved parameters, YAML
  std::string graph = {};   // name of the graph
};

// The state of a checkpoint alone. Throws DataError for a file that is missing, damaged or no
// checkpoint, std::runtime_error for one of a newer version.
TrainingState ReadTrainingState(const std::string& path);

// `path` itself where it is a file; where it is a run's folder or its checkpoints folder, the
// newest checkpoint there that is whole. Reads it to the end to know, and warns of newer ones that
// are damaged. Throws ConfigError where there is none.
std::string FindCheckpoint(const std::string& path);

// Whether FindCheckpoint would have a file to look at in that folder, whole or not.
bool HasCheckpoint(const std::string& folder);

// Whether the file says that it is a checkpoint, and not weights alone. Throws nothing.
bool IsCheckpoint(const std::string& path);

// Reads a checkpoint to the end, compares every checksum, and gives the digest of its tensors
// (parameters, running statistics, optimiser, loss scaler): 16 hexadecimal digits, equal for equal
// states. Throws as ReadTrainingState.
std::string CheckpointDigest(const std::string& path);

}  // namespace flowtrain
