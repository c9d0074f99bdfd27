// Page-locked host memory.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/ArrayRef.h>

namespace flowtrain {

// A tensor in page-locked memory, to and from which an accelerator copies while the host goes on;
// in ordinary memory, where a copy waits, if the system has no more of it (`is_pinned` says which).
at::Tensor PinnedTensor(at::IntArrayRef sizes, c10::ScalarType type);

}  // namespace flowtrain
