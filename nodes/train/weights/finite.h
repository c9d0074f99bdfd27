// Whether tensors hold numbers that a network can have.
#pragma once

#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// The name of the first tensor with an infinite value or NaN; empty if there is none. Tensors must
// be on the host and row-major; those of integers are finite. It runs no kernel of libtorch, so any
// thread may call it.
std::string FirstNonFinite(const NamedTensors& tensors);
bool IsFinite(const at::Tensor& tensor);  // the same of one

// The same of a batch normalisation's running variance (running_var) with a value below 0, whose
// root would be NaN.
std::string FirstNegativeVariance(const NamedTensors& tensors);
bool IsNegativeVariance(const std::string& name, const at::Tensor& tensor);

}  // namespace flowtrain
