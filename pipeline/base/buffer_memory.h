// Host memory for large buffers that many threads write to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flowtrain {

// Allocates `bytes` of page-aligned memory; throws std::bad_alloc. The memory is left untouched, so
// that the workers that write to it first place it near themselves. It is in huge pages where the
// system has some: rows are written past the caches, and with small pages many rows go to a page
// that the core must look up first (docs/measurements/loader.md).
std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes);

}  // namespace flowtrain
