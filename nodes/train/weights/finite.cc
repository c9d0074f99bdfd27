#include "nodes/train/weights/finite.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cmath>

namespace flowtrain {
namespace {

template <typename Element, typename Wide, typename Test>
bool AllPass(const at::Tensor& tensor, Test test) {
  const auto* elements = static_cast<const Element*>(tensor.const_data_ptr());
  bool pass = true;  // without an early end, so that the loop is vectorised
  for (int64_t i = 0; i < tensor.numel(); ++i) pass &= test(static_cast<Wide>(elements[i]));
  return pass;
}

// Whether all elements of a tensor of a floating-point type pass the test.
template <typename Test>
bool EachPasses(const at::Tensor& tensor, Test test) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return AllPass<float, float>(tensor, test);
    case at::kDouble:
      return AllPass<double, double>(tensor, test);
    case at::kHalf:
      return AllPass<c10::Half, float>(tensor, test);
    case at::kBFloat16:
      return AllPass<c10::BFloat16, float>(tensor, test);
    default:
      return true;
  }
}

}  // namespace

bool IsFinite(const at::Tensor& tensor) {
  return EachPasses(tensor, [](auto value) { return std::isfinite(value); });
}

bool IsNegativeVariance(const std::string& name, const at::Tensor& tensor) {
  return name.ends_with("running_var") &&
         !EachPasses(tensor, [](auto value) { return !(value < 0); });
}

std::string FirstNonFinite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (!IsFinite(tensor)) return name;
  }
  return {};
}

std::string FirstNegativeVariance(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (IsNegativeVariance(name, tensor)) return name;
  }
  return {};
}

}  // namespace flowtrain
