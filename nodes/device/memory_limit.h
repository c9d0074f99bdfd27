// A bound on what the program takes of a GPU's memory.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// What share of a device's `total_bytes` a limit is: a fraction ("0.5"), a share ("50%") or an
// amount ("12 GiB", as ParseMemorySize reads it). 1 for an empty one and for more than there is.
// Throws ConfigError for anything else; `name` is what that calls the limit.
double MemoryFraction(const std::string& limit, size_t total_bytes,
                      const std::string& name = "memory_limit");

}  // namespace flowtrain
