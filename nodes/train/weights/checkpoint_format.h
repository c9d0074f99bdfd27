// The keys of a checkpoint file, which who writes one and who reads one must agree on
// (docs/reliability.md has the format).
#pragma once

#include <cstdint>
#include <string>

#include "nodes/train/weights/read_checkpoint.h"
#include "nodes/train/weights/safetensors.h"

namespace flowtrain::checkpoint_format {

// The key says that a file is a checkpoint, its value of which version. Version 1 was TorchScript's
// format, in which a file can hold a program.
inline constexpr char kFormat[] = "flowtrain_checkpoint";
inline constexpr uint64_t kVersion = 2;

// What the names of tensors begin with.
inline constexpr char kModel[] = "model.", kOptimizer[] = "optimizer.",
                      kScaler[] = "optimizer.scaler.";

// All of the file, once every checksum of it is right. Throws as ReadTrainingState.
Safetensors ReadWhole(const std::string& path);

// The training state in the header of a file that ReadWhole accepted.
TrainingState StateIn(const Safetensors& contents, const std::string& path);

}  // namespace flowtrain::checkpoint_format
