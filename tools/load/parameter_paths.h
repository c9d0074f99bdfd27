// Parameters that are paths, as people write them in files and on the command line.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"

namespace flowtrain {

// Makes paths of the parameters data.root, checkpoint, … that `file` gives (a parameter file, or
// "--set"): `~` and variables are replaced (ExpandPath), and a relative path to something to read
// is put after the file's own folder where it exists there; otherwise it stays, relative to the
// working directory. Adds to `told` a line for each relative path of a file, on which of the two it
// is. To be called after each layer: what it has replaced must not be replaced again. Throws
// ConfigError, with the parameter's place, for a variable that is not set.
void ResolvePaths(const std::string& file, Config& config, std::vector<std::string>* told);

// The same for the graph's own parameters, whichever files they are from; to be called first, since
// it tells the configuration which parameters are paths. Only of those beside the file is anything
// told, since they are relative to the working directory by default.
void ResolveDefaultPaths(Config& config, std::vector<std::string>* told);

// The parameters with their paths as a file must give them, which resolves them again.
Config WithPathsEscaped(Config config);

}  // namespace flowtrain
