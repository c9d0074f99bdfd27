// NumPy's file format for one array.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace flowtrain {

// Writes a float matrix [N, D] on the host to `path` in format 1.0 (numpy.lib.format): what
// numpy.load gives back as float32. Whole or not at all; throws DataError where the disk fails.
void WriteNpy(const std::string& path, const at::Tensor& matrix);

}  // namespace flowtrain
