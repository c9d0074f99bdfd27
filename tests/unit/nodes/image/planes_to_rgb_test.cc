#include "nodes/image/planes_to_rgb.h"

#include <gtest/gtest.h>

#include <utility>

#include "nodes/image/simd/instruction_set.h"

namespace flowtrain {
namespace {

TEST(PlanesToRgb, PutsEveryPixelInItsPlaceOnEveryInstructionSet) {
  for (const std::string& set : simd::InstructionSets()) {
    ASSERT_TRUE(simd::CapInstructionSet(set));
    for (const auto& [height, width] :
         {std::pair{96, 96}, {1, 1}, {16, 17}, {33, 70}, {100, 15}, {130, 64}}) {
      const auto h = static_cast<size_t>(height), w = static_cast<size_t>(width);
      std::vector<uint8_t> planes(3 * h * w), scratch, rgb(3 * h * w);
      for (size_t i = 0; i < planes.size(); ++i) planes[i] = static_cast<uint8_t>(i * 37 + i / 251);
      PlanesToRgb(planes, height, width, scratch, rgb);
      for (size_t y = 0; y < h; ++y) {
        for (size_t x = 0; x < w; ++x) {
          for (size_t c = 0; c < 3; ++c) {
            ASSERT_EQ(rgb[(y * w + x) * 3 + c], planes[(c * w + x) * h + y]) << set;
          }
        }
      }
    }
  }
  simd::CapInstructionSet("");
}

}  // namespace
}  // namespace flowtrain
