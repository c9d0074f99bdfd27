// NumPy's file format for one array.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace flowtrain {

// Writes a float matrix [N, D] on the host to `path` in format 1.0 (numpy.lib.format), which
// numpy.load reads as float32. Writes it whole or not at all; throws DataError if the disk fails.
void WriteNpy(const std::string& path, const at::Tensor& matrix);

}  // namespace flowtrain
