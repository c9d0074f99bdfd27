// A checkpoint on disk: a safetensors file with checksums (docs/reliability.md has the format).
#pragma once

#include <string>

#include "nodes/train/model/simclr_model.h"
#include "nodes/train/optimizer/optimizer.h"
#include "nodes/train/weights/named_tensors.h"
#include "nodes/train/weights/read_checkpoint.h"

namespace flowtrain {

// All tensors of a training: the network's as "model.NAME", the optimiser's and the loss scaler's
// as "optimizer.NAME". They are the tensors themselves, not copies.
NamedTensors StateOf(const SimclrModel& model, const Optimizer& optimizer);

// Writes the tensors of StateOf, on whatever device they are, and the state to `path`: to a
// temporary file beside it, which is synced and then renamed, so that a crash or a full disk leaves
// the old file as it was. Throws std::runtime_error with the cause.
void SaveCheckpoint(const std::string& path, const NamedTensors& tensors,
                    const TrainingState& state);

// Reads a checkpoint into a model and an optimiser of the same shape. Nothing in the file is ever
// executed, and nothing is taken from it before all checksums are right. Throws DataError if the
// file is missing, damaged or not a checkpoint, std::runtime_error if it is of a newer version or
// of another network or optimiser.
TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer);

}  // namespace flowtrain
