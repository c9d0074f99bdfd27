// STL-10's planes to packed pixels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace flowtrain {

// From uint8 [3, width, height] (channel, column, row) to [height, width, 3]. `scratch` keeps its
// memory from call to call.
void PlanesToRgb(std::span<const uint8_t> planes, int height, int width,
                 std::vector<uint8_t>& scratch, std::span<uint8_t> rgb);

}  // namespace flowtrain
