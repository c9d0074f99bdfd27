// `flowtrain export`: the backbone of a checkpoint as weights for other programs.
#pragma once

#include <ostream>
#include <string>

#include "pipeline/error.h"

namespace flowtrain {

struct ExportRequest {
  std::string checkpoint;  // file, or a run's folder
  std::string to;          // .safetensors or .pt
  bool force = false;      // write over a file that is there
};

// Writes the backbone under torchvision's names, in the format that the file's ending says. Throws
// ConfigError and DataError.
ExitCode Export(const ExportRequest& request, std::ostream& out);

}  // namespace flowtrain
