// Writing the files of a run directory. Everything throws std::runtime_error that names the file, and
// says what to do when the disk is full.
#pragma once

#include <string>
#include <string_view>

namespace flowtrain {

// Throws for `error`, an errno.
[[noreturn]] void FailWrite(const std::string& file, int error);

// Writes all of `text` to a descriptor that is open on `file`.
void WriteAll(int descriptor, std::string_view text, const std::string& file);

// Replaces what is in `file` with `text`.
void WriteFile(const std::string& file, std::string_view text);

}  // namespace flowtrain
