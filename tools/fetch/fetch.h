// A public data set on the disk: downloaded, checked, unpacked.
#pragma once

#include <string>

#include "tools/fetch/archive.h"

namespace flowtrain {

// Puts the archive's folder into the folder `parent`; false if it was there already, and whole. The
// folder appears when all of it is there. A file of the archive's name in `parent` is taken in place
// of the download, and left there. Throws DataError, whose text says what to do by hand, and
// ConfigError where something else is in the way.
bool Fetch(const Archive& archive, const std::string& url, const std::string& parent);

}  // namespace flowtrain
