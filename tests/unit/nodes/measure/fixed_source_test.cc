#include "nodes/measure/fixed_source.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

std::unique_ptr<FixedSource> Opened(const std::string& steps, const std::string& window) {
  auto source = Make<FixedSource>({{"steps", steps}, {"window", window}});
  source->Open(TestContext());
  return source;
}

TEST(FixedSource, AdmitsWindowsAndEnds) {
  const auto source = Opened("3", "2");
  std::vector<uint8_t> buffer(2 * 4 * 10);
  Batch batch;
  batch.layout = {4, 2, 10};
  batch.buffer = buffer.data();
  for (uint64_t seq = 0; seq < 6; ++seq) {
    batch.seq = seq;
    ASSERT_TRUE(source->AdmitBatch(batch));
    EXPECT_EQ(batch.step, seq / 2);
    EXPECT_EQ(batch.in_window, static_cast<int>(seq % 2));
    EXPECT_EQ(batch.window, 2);
    EXPECT_EQ(batch.steps_per_epoch, 3U);
    EXPECT_EQ(batch.last_of_epoch, seq == 5);
  }
  batch.seq = 6;
  EXPECT_FALSE(source->AdmitBatch(batch));
}

TEST(FixedSource, FillsABufferOnceAndEachWithNoiseOfItsOwn) {
  const auto source = Opened("100", "1");
  std::vector<uint8_t> first(2 * 4 * 100), second(first.size());
  Batch batch;
  batch.layout = {4, 2, 100};
  batch.buffer = first.data();
  ASSERT_TRUE(source->AdmitBatch(batch));
  EXPECT_GT(std::set<uint8_t>(first.begin(), first.end()).size(), 100U);
  batch.buffer = second.data();
  ASSERT_TRUE(source->AdmitBatch(batch));
  EXPECT_NE(first, second);

  first[0] ^= 1U;
  const std::vector<uint8_t> touched = first;
  batch.buffer = first.data();
  ASSERT_TRUE(source->AdmitBatch(batch));
  EXPECT_EQ(first, touched);
}

}  // namespace
}  // namespace flowtrain
