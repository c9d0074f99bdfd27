// `flowtrain digest`: whether two trainings are in the same state, bit for bit.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>

#include "nodes/train/weights/read_checkpoint.h"
#include "pipeline/base/error.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

// Checks a checkpoint (for a run's folder: its newest whole one) to the last byte and prints its
// digest, step and path on one line. Throws ConfigError and DataError as FindCheckpoint and
// CheckpointDigest do.
ExitCode Digest(const std::string& checkpoint, std::ostream& out) {
  const std::string path = FindCheckpoint(checkpoint);
  out << CheckpointDigest(path) << "  step " << ReadTrainingState(path).steps_done << "  " << path
      << '\n';
  return ExitCode::kDone;
}

}  // namespace

Command AddDigest(CLI::App& app) {
  const auto checkpoint = std::make_shared<std::string>();
  auto* digest = app.add_subcommand(
      "digest", "Check a checkpoint to its last byte; print a checksum of all its tensors");
  TakesPath(digest->add_option("CHECKPOINT", *checkpoint, "Checkpoint, or a run's folder"))
      ->required();
  return {digest, [checkpoint](StopSignals&) { return Digest(*checkpoint, std::cout); }};
}

}  // namespace flowtrain
