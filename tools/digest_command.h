// `flowtrain digest`: whether two trainings stand at the same state, bit for bit.
#pragma once

#include <ostream>
#include <string>

#include "pipeline/error.h"

namespace flowtrain {

// Checks a checkpoint (of a run's folder: its newest whole one) to the last byte and prints its
// digest, step and path on one line. Throws ConfigError and DataError as FindCheckpoint and
// CheckpointDigest do.
ExitCode Digest(const std::string& checkpoint, std::ostream& out);

}  // namespace flowtrain
