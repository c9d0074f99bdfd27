// Which instruction set the kernels use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flowtrain::simd {

// Those that the kernels are compiled for and this processor has, the best first: "avx3" (AVX-512),
// "avx2", "sse4", … as Highway names them, in lower case.
std::vector<std::string> InstructionSets();

// Uses no better one than `name`, in the whole process; an empty name uses the best again. False:
// there is no such name, and nothing has changed. Call while no kernel runs.
bool CapInstructionSet(std::string_view name);

}  // namespace flowtrain::simd
