// A fast checksum of large blocks.
#pragma once

#include <cstdint>
#include <span>

namespace flowtrain {

// XXH64 of the bytes with seed 0 (Collet: "xxHash fast digest algorithm", specification 0.1.1).
// Finds damage, not forgery.
uint64_t Xxh64(std::span<const uint8_t> bytes);

}  // namespace flowtrain
