#include "nodes/measure/fixed_source.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/component_set.h"
#include "tests/support/data_sets.h"

namespace flowtrain {
namespace {

std::unique_ptr<Component> Make(int steps, int window) {
  ComponentDef def;
  def.name = "source";
  def.type = "FixedSource";
  const auto add = [&def](const std::string& key, int value) {
    Entry entry;
    entry.key = key;
    entry.value.kind = Value::Kind::kScalar;
    entry.value.scalar = std::to_string(value);
    def.options.push_back(entry);
  };
  add("steps", steps);
  add("window", window);
  std::unique_ptr<Component> source = MakeComponent(def, Registry::Global());
  source->Open(testing::Context(nullptr));
  return source;
}

TEST(FixedSource, AdmitsWindowsAndEnds) {
  const auto component = Make(3, 2);
  auto& source = dynamic_cast<FixedSource&>(*component);
  std::vector<uint8_t> buffer(2 * 4 * 10);
  Batch batch;
  batch.layout = {4, 2, 10};
  batch.buffer = buffer.data();
  for (uint64_t seq = 0; seq < 6; ++seq) {
    batch.seq = seq;
    ASSERT_TRUE(source.AdmitBatch(batch));
    EXPECT_EQ(batch.step, seq / 2);
    EXPECT_EQ(batch.micro, static_cast<int>(seq % 2));
    EXPECT_EQ(batch.window, 2);
    EXPECT_EQ(batch.steps_per_epoch, 3U);
    EXPECT_EQ(batch.last_of_epoch, seq == 5);
  }
  batch.seq = 6;
  EXPECT_FALSE(source.AdmitBatch(batch));
}

TEST(FixedSource, FillsABufferOnceAndEachWithNoiseOfItsOwn) {
  const auto component = Make(100, 1);
  auto& source = dynamic_cast<FixedSource&>(*component);
  std::vector<uint8_t> first(2 * 4 * 100), second(first.size());
  Batch batch;
  batch.layout = {4, 2, 100};
  batch.buffer = first.data();
  ASSERT_TRUE(source.AdmitBatch(batch));
  EXPECT_GT(std::set<uint8_t>(first.begin(), first.end()).size(), 100U);
  batch.buffer = second.data();
  ASSERT_TRUE(source.AdmitBatch(batch));
  EXPECT_NE(first, second);

  first[0] ^= 1U;
  const std::vector<uint8_t> touched = first;
  batch.buffer = first.data();
  ASSERT_TRUE(source.AdmitBatch(batch));
  EXPECT_EQ(first, touched);
}

}  // namespace
}  // namespace flowtrain
