// Whether what a user named as the data set is there and can be read.
#pragma once

#include <string>

#include "nodes/data/option_names.h"

namespace flowtrain {

// Whether a path leads to nothing. False also for what cannot be looked at, and for a link to
// nothing.
bool LeadsToNothing(const std::string& path);

// "; photos.zip is there, still packed: unpack it" for a folder that is missing; empty where nothing
// of its name is.
std::string PackedBeside(const std::string& root);

// Throw ConfigError unless `root`, which the option `root` names, is a folder (a file) that can be
// read. The messages say what is there instead, and what to do; `what` is what the file is to be:
// "packed file".
void NeedFolder(const std::string& root, const OptionNames& names);
void NeedFile(const std::string& root, const std::string& what, const OptionNames& names);

}  // namespace flowtrain
