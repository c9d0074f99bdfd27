// Reads small files whole: texts that a user names.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// Reads a file of at most `max_bytes`. False: `why` says what is wrong ("it is a folder", "it is
// no regular file", …); a FIFO or a device is refused, not waited for.
bool ReadWholeFile(const std::string& path, size_t max_bytes, std::string& out, std::string* why);

}  // namespace flowtrain
