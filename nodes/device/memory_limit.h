// A limit on how much of a GPU's memory the program takes.
#pragma once

#include <cstddef>
#include <string>

namespace flowtrain {

// The share of a device's `total_bytes` that a limit allows. The limit is a fraction ("0.5"), a
// percentage ("50%") or an amount ("12 GiB", as ParseMemorySize reads it). 1 for an empty limit and
// for more than there is. Throws ConfigError for anything else; its message calls the limit `name`.
double MemoryFraction(const std::string& limit, size_t total_bytes,
                      const std::string& name = "memory_limit");

}  // namespace flowtrain
