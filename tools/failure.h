// What the program says of an error, and the exit code it stands for.
#pragma once

#include <exception>

#include "pipeline/error.h"

namespace flowtrain {

// Logs the error, each finding of a ConfigError on a line of its own.
ExitCode LogFailure(std::exception_ptr error) noexcept;

// From now on an exception that nobody can catch (TBB has no memory for a task, say) ends the
// process with a message and ExitCode::kFailed where the machine is at fault, and else by abort.
void ReportUncaught();

}  // namespace flowtrain
