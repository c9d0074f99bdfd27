// Numbers for the tests of the training, and how far apart two of them are.
#pragma once

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cstdint>

namespace flowtrain {

// The same numbers in every call.
inline at::Tensor Draw(int64_t rows, int64_t columns) {
  at::manual_seed(5);
  return at::randn({rows, columns}, at::kDouble);
}

inline double RelativeDifference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

}  // namespace flowtrain
