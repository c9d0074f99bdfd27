// Memory of batch buffers on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flowtrain {

// `bytes` of memory that begins on a page; throws std::bad_alloc. Untouched, so that the workers
// that first write to it place it near them. In huge pages where the system has some: rows are
// written past the caches, and with small pages many of them to a page that the core must look up
// (docs/measurements/loader.md).
std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes);

}  // namespace flowtrain
