// Where graphs and parameter files are looked for.
#pragma once

#include <string>

namespace flowtrain {

// The folder with the graphs/ and configs/ that ship with this program, absolute: the checkout it
// was built in, a bundle, or <prefix>/share/flowtrain. Empty where there is none.
std::string ShippedFolder();

// `name` as given, relative to the working directory, or else below ShippedFolder(): a user's own
// file always wins. Throws ConfigError that lists the places searched.
std::string FindShippedFile(const std::string& name);

// The same for a graph, and for a file of parameters. Of what is something else, a run, a
// checkpoint, an image, the error says how it is used.
std::string FindGraphFile(const std::string& name);
std::string FindParameterFile(const std::string& name);

}  // namespace flowtrain
