// The node that README.md shows. Its source is compiled from there (tests/CMakeLists.txt).
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "pipeline/node/registry.h"
#include "tests/support/image_slot.h"

namespace flowtrain {
namespace {

TEST(ReadmeNode, InvertsAnImage) {
  const Registry::Type* type = Registry::Global().Find("Invert");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->spec.inputs.size(), 1u);
  EXPECT_EQ(type->spec.outputs.size(), 1u);
  const std::unique_ptr<Component> node = type->make();
  ImageSlot sample;
  sample.image().storage = {0, 1, 2, 100, 254, 255};
  sample.image().pixels = sample.image().storage;
  sample.image().height = 1;
  sample.image().width = 2;
  Worker worker;
  ASSERT_TRUE(dynamic_cast<SampleNode&>(*node).Process(sample, worker).ok);
  const auto& pixels = sample.image().pixels;
  EXPECT_EQ(std::vector<uint8_t>(pixels.begin(), pixels.end()),
            (std::vector<uint8_t>{255, 254, 253, 155, 1, 0}));
}

}  // namespace
}  // namespace flowtrain
