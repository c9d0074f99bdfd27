// A checkpoint on disk.
#pragma once

#include <cstdint>
#include <string>

#include "nodes/train/named_tensors.h"
#include "nodes/train/optimizer.h"
#include "nodes/train/simclr_model.h"
#include "nodes/train/training_state.h"

namespace flowtrain {

// Writes parameters, buffers, optimiser, loss scaler and state to `path`: to a temporary file
// beside it, synced and then renamed, so that a crash or a full disk leaves what was there. Throws
// std::runtime_error with the cause.
void SaveCheckpoint(const std::string& path, const SimclrModel& model, const Optimizer& optimizer,
                    const TrainingState& state);

// Reads a checkpoint into a model and an optimiser of the same shape. Throws std::runtime_error for
// a file that is missing, cut short, no checkpoint, of a newer version or of another network.
TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer);

// The network of a checkpoint alone, on the host: "backbone.conv1.weight", … Throws
// std::runtime_error as LoadCheckpoint does.
NamedTensors ReadNetwork(const std::string& path);

// "step-00000123.pt"
std::string CheckpointName(uint64_t steps_done);

}  // namespace flowtrain
