#include "pipeline/base/files/xxh64.h"

#include <xxhash.h>

namespace flowtrain {

uint64_t Xxh64(std::span<const uint8_t> bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

}  // namespace flowtrain
