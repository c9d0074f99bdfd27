#include "nodes/train/weights/finite.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cmath>

namespace flowtrain {
namespace {

template <typename Element, typename Wide>
bool AllFinite(const at::Tensor& tensor) {
  const auto* elements = static_cast<const Element*>(tensor.const_data_ptr());
  bool finite = true;  // without an early end, so that the loop is vectorised
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    finite &= std::isfinite(static_cast<Wide>(elements[i]));
  }
  return finite;
}

}  // namespace

bool IsFinite(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return AllFinite<float, float>(tensor);
    case at::kDouble:
      return AllFinite<double, double>(tensor);
    case at::kHalf:
      return AllFinite<c10::Half, float>(tensor);
    case at::kBFloat16:
      return AllFinite<c10::BFloat16, float>(tensor);
    default:
      return true;
  }
}

std::string FirstNonFinite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (!IsFinite(tensor)) return name;
  }
  return {};
}

}  // namespace flowtrain
