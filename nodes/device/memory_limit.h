// A limit on how much of a GPU's memory the program takes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace flowtrain {

// The share of a device's `total_bytes` that a limit allows. The limit is a fraction ("0.5"), a
// percentage ("50%") or an amount ("12 GiB", as ParseMemorySize reads it). 1 for an empty limit and
// for more than there is. Throws ConfigError for anything else; its message calls the limit `name`.
double MemoryFraction(const std::string& limit, size_t total_bytes,
                      const std::string& name = "memory_limit");

// A GPU's memory before this program has taken any.
struct RoomAtStart {
  size_t total_bytes = 0;
  std::optional<size_t> free_bytes, used_bytes;  // empty: the driver does not tell
  bool wsl = false;

  // What the program finds free; all of it where that is not known.
  size_t Free() const { return free_bytes.value_or(total_bytes); }
};

// The bytes that may be taken where no limit is given; empty: all of them. Under WSL2 the driver
// never runs out of memory: it takes the host's, and training becomes several times slower. So
// there, and where other programs hold memory, the limit is what is free less a reserve for the
// driver's own needs, and the allocator's out-of-memory error comes first.
std::optional<size_t> DefaultMemoryLimit(const RoomAtStart& room);

}  // namespace flowtrain
