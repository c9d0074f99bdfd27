// Standard input, output and error of the process.
#pragma once

namespace flowtrain {

// Opens /dev/null for those that are closed. Else the next file that is opened, a checkpoint
// perhaps, would take the number of standard error, and warnings would be written into it. First
// thing in main.
void OpenStandardStreams();

// Writes a line to standard error, without waiting for a terminal or a pipe that does not take it,
// and without memory.
void WriteLineAtOnce(const char* text) noexcept;

}  // namespace flowtrain
