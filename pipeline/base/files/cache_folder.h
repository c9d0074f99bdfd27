// Where files are kept that can be made again.
#pragma once

#include <string>

namespace flowtrain {

// $XDG_CACHE_HOME/flowtrain, otherwise ~/.cache/flowtrain. It need not be there.
std::string UserCacheFolder();

// A name in that folder for what belongs to `path`: photos-01234567.ENDING.
std::string InUserCache(const std::string& path, const std::string& ending);

}  // namespace flowtrain
