// `~` and environment variables in paths that people write.
#pragma once

#include <string>

namespace flowtrain {

// The path with `~` and `~user` at its beginning, and `$NAME` and `${NAME}` anywhere, replaced as a
// shell does; `$$` stands for a dollar sign, and one that no name follows for itself. Throws
// ConfigError for a variable that is not set.
std::string ExpandPath(const std::string& path);

// The text that ExpandPath makes `path` of, for files that are read again.
std::string EscapePath(const std::string& path);

}  // namespace flowtrain
