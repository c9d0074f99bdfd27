// Where the program's own plug-ins are.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

// Folders in which the program's own plug-ins are looked for, in this order: $FLOWTRAIN_PLUGINS, that
// of the library that this code is in, if it is in one, the program's, ../lib/flowtrain and ../lib
// beside that.
std::vector<std::string> PluginFolders();

}  // namespace flowtrain
