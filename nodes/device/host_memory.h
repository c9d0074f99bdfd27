// Host memory for batch buffers.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/ArrayRef.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flowtrain {

// Allocates `bytes` of page-aligned memory; throws std::bad_alloc. The memory is left untouched, so
// that the workers that write to it first place it near themselves. It is in huge pages where the
// system has some: rows are written past the caches, and with small pages many rows go to a page
// that the core must look up first (docs/measurements/loader.md).
std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes);

// A tensor in page-locked memory, to and from which an accelerator copies while the host goes on;
// in ordinary memory, where a copy waits, if the system has no more of it (`is_pinned` says which).
at::Tensor PinnedTensor(at::IntArrayRef sizes, c10::ScalarType type);

}  // namespace flowtrain
