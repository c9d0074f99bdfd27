#include "nodes/device/host_memory.h"

#include <ATen/Functions.h>
#include <c10/util/Exception.h>

namespace flowtrain {

at::Tensor PinnedTensor(at::IntArrayRef sizes, c10::ScalarType type) {
  const auto options = at::TensorOptions().dtype(type);
  try {
    return at::empty(sizes, options.pinned_memory(true));
  } catch (const c10::Error&) {
    // Under WSL2 Windows sets a limit to it; containers have one too.
  }
  return at::empty(sizes, options);
}

}  // namespace flowtrain
