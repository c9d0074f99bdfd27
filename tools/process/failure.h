// What the program says about an error, and the exit code for it.
#pragma once

#include <exception>

#include "pipeline/base/error.h"

namespace flowtrain {

// Logs the error, with each finding of a ConfigError on a line of its own.
ExitCode LogFailure(std::exception_ptr error) noexcept;

// From now on, if memory ran out, an exception that nobody can catch (such as TBB having no memory
// for a task) or a crash in a library ends the process with a message and ExitCode::kFailed;
// otherwise it ends by abort or the signal.
void ReportUncaught();

}  // namespace flowtrain
