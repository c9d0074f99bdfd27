// Memory of batch buffers on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flowtrain {

// `bytes` of memory that begins on a page; throws std::bad_alloc. Untouched, so that the workers
// that first write to it place it near them. Of ordinary pages: huge ones made the loader no faster
// (docs/measurements/loader.md).
std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes);

}  // namespace flowtrain
