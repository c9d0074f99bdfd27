// Standard input, output and error of the process.
#pragma once

namespace flowtrain {

// Opens /dev/null for those that are closed. Otherwise the next file opened, perhaps a checkpoint,
// would get the number of standard error, and warnings would be written into it. Call it first
// thing in main.
void OpenStandardStreams();

// Writes a line to standard error, without waiting for a terminal or a pipe that does not accept
// it, and without allocating memory.
void WriteLineAtOnce(const char* text) noexcept;

}  // namespace flowtrain
