// A checkpoint on disk.
#pragma once

#include <cstdint>
#include <string>

#include "nodes/train/optimizer.h"
#include "nodes/train/simclr_model.h"

namespace flowtrain {

// Where a training stands: everything but the network and the optimiser.
struct TrainingState {
  uint64_t steps_done = 0;  // optimiser steps, so also the number of the next one
  uint64_t steps_per_epoch = 1;
  std::string config;  // resolved parameters, YAML
};

// Writes parameters, buffers, optimiser, loss scaler and state to `path`: to a temporary file
// beside it, synced and then renamed, so that a crash or a full disk leaves what was there. Throws
// std::runtime_error with the cause.
void SaveCheckpoint(const std::string& path, const SimclrModel& model, const Optimizer& optimizer,
                    const TrainingState& state);

// Reads a checkpoint into a model and an optimiser of the same shape. Throws std::runtime_error for
// a file that is missing, cut short, no checkpoint, of a newer version or of another network.
TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer);

// The state alone, without a model.
TrainingState ReadTrainingState(const std::string& path);

// `path` itself where it is a file; the newest checkpoint where it is a run's folder or its
// checkpoints folder. Throws ConfigError where there is none.
std::string FindCheckpoint(const std::string& path);

// "step-00000123.pt"
std::string CheckpointName(uint64_t steps_done);

}  // namespace flowtrain
