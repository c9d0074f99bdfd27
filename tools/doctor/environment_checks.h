// Environment variables that change what libtorch and the GPU do.
#pragma once

#include <functional>
#include <string>

#include "tools/doctor/finding.h"

namespace flowtrain {

// `get` returns the value of a variable, null where it is not set, as std::getenv does.
Findings CheckEnvironment(const std::function<const char*(const char*)>& get);

}  // namespace flowtrain
