// Whether a file can be written, asked before the work that it is for.
#pragma once

#include <string>

namespace flowtrain {

// Throws DataError, which names the path and the cause, where WriteNewFile could not write it.
// Leaves what is there as it is. The disk may still be full by then.
void TryOutput(const std::string& path);

}  // namespace flowtrain
