#include "tools/digest_command.h"

#include "nodes/train/training_state.h"

namespace flowtrain {

ExitCode Digest(const std::string& checkpoint, std::ostream& out) {
  const std::string path = FindCheckpoint(checkpoint);
  out << CheckpointDigest(path) << "  step " << ReadTrainingState(path).steps_done << "  " << path
      << '\n';
  return ExitCode::kDone;
}

}  // namespace flowtrain
