// The keys of a checkpoint file, on which its writer and its readers must agree
// (docs/reliability.md has the format).
#pragma once

#include <cstdint>
#include <string>

#include "nodes/train/weights/read_checkpoint.h"
#include "nodes/train/weights/safetensors.h"

namespace flowtrain::checkpoint_format {

// The key marks a file as a checkpoint, and its value is the version. Version 1 was TorchScript's
// format, in which a file can hold a program.
inline constexpr char kFormat[] = "flowtrain_checkpoint";
inline constexpr uint64_t kVersion = 2;

// The optional key of TrainingState::knn_top1_start.
inline constexpr char kKnnStart[] = "knn_top1_start";

// What the names of tensors begin with.
inline constexpr char kModel[] = "model.", kOptimizer[] = "optimizer.",
                      kScaler[] = "optimizer.scaler.";

// The whole file, once all its checksums are right and all its tensors finite. Throws as ReadTrainingState does.
Safetensors ReadWhole(const std::string& path);

// The training state in the header of a file that ReadWhole accepted.
TrainingState StateIn(const Safetensors& contents, const std::string& path);

}  // namespace flowtrain::checkpoint_format
