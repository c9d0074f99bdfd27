// Unpacks a data set's archive: the files that it must have, and nothing else.
#pragma once

#include <string>

#include "tools/fetch/archive.h"

namespace flowtrain {

// Writes the archive's files to the folder `to`, which must be there and empty. Throws DataError for
// an archive that has any other file, a link, a wrong size or sum, or is damaged; or that cannot be
// written.
void Unpack(const Archive& archive, const std::string& path, const std::string& to);

}  // namespace flowtrain
