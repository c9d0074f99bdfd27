// What the program says of an error, and the exit code it stands for.
#pragma once

#include <exception>

#include "pipeline/base/error.h"

namespace flowtrain {

// Logs the error, each finding of a ConfigError on a line of its own.
ExitCode LogFailure(std::exception_ptr error) noexcept;

// From now on an exception that nobody can catch (TBB has no memory for a task, say) or a crash in
// a library ends the process with a message and ExitCode::kFailed where memory ran out, and else by
// abort or the signal.
void ReportUncaught();

}  // namespace flowtrain
