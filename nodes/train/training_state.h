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
  std::string config;  // resolved parameters, YAML
};

// The state of a checkpoint alone. Throws std::runtime_error as LoadCheckpoint does.
TrainingState ReadTrainingState(const std::string& path);

// `path` itself where it is a file; the newest checkpoint where it is a run's folder or its
// checkpoints folder. Throws ConfigError where there is none.
std::string FindCheckpoint(const std::string& path);

}  // namespace flowtrain
