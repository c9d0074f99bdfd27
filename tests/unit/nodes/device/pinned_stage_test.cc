#include "nodes/device/pinned_stage.h"

#include <gtest/gtest.h>

#include "nodes/device/staged_batch.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

TEST(PinnedStage, OnACpuTheTensorIsTheBufferItself) {
  TestContext context;
  const auto device = Make<Device>({{"name", "cpu"}, {"threads", "1"}});
  device->Open(context);
  context.resources["device"] = device.get();
  const auto stage = Make<PinnedStage>({{"batch_size", "3"}, {"image_size", "5"}});
  stage->Open(context);
  stage->Start();

  Batch batch;
  batch.layout = stage->Layout();
  const std::shared_ptr<uint8_t> buffer = stage->Allocate(batch.layout.bytes());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.get()) % 64, 0u);
  batch.buffer = buffer.get();
  stage->Process(batch);
  const auto& staged = dynamic_cast<StagedBatch&>(*batch.payload);
  EXPECT_EQ(staged.images.sizes(), (std::vector<int64_t>{6, 5, 5, 3}));
  EXPECT_EQ(staged.images.scalar_type(), at::kByte);
  EXPECT_FALSE(staged.copied.has_value());
  // The second view of row 1 is image 3 + 1.
  batch.Row(1, 1)[7] = 201;
  EXPECT_EQ(staged.images[4].flatten()[7].item<uint8_t>(), 201);
}

TEST(PinnedStage, TheLayoutIsTwoViewsOfRgb) {
  const auto stage = Make<PinnedStage>({{"batch_size", "3"}, {"image_size", "5"}});
  const BatchLayout layout = stage->Layout();
  EXPECT_EQ(layout.rows, 3);
  EXPECT_EQ(layout.views, 2);
  EXPECT_EQ(layout.bytes(), size_t{2} * 3 * 5 * 5 * 3);
}

}  // namespace
}  // namespace flowtrain
