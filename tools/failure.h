// What the program says of an error, and the exit code it stands for.
#pragma once

#include <exception>

#include "pipeline/error.h"

namespace flowtrain {

// Logs the error, each finding of a ConfigError on a line of its own.
ExitCode LogFailure(std::exception_ptr error) noexcept;

}  // namespace flowtrain
