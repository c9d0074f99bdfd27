// Where graphs and parameter files are looked for.
#pragma once

#include <string>

namespace flowtrain {

// `name` as given, or under the folders that ship graphs: <program>/../share/flowtrain (installed,
// and the bundle), then the program's own folder and those above it as far as the source tree of a
// build. Throws ConfigError that lists the places.
std::string FindShippedFile(const std::string& name);

}  // namespace flowtrain
