#include "nodes/device/cache_maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "pipeline/base/log.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

TEST(CacheMaintenance, DoesAndSaysNothingOnACpu) {
  TestContext context;
  const auto device = Make<Device>({{"name", "cpu"}, {"threads", "1"}});
  device->Open(context);
  context.resources["device"] = device.get();
  const auto node = Make<CacheMaintenance>({{"every_epochs", "1"}});
  node->Open(context);
  std::vector<std::string> lines;
  SetLogWriter([&](const std::string& line) { lines.push_back(line); });
  Step step;
  step.last_of_epoch = true;
  for (step.epoch = 0; step.epoch < 3; ++step.epoch) node->Process(step);
  SetLogWriter(nullptr);
  EXPECT_THAT(lines, testing::IsEmpty());
}

TEST(CacheMaintenance, FreesEvictedImagesAfterAnEpochAndSaysHowFullTheCacheIs) {
  TestContext context;
  const auto device = Make<Device>({{"name", "cpu"}, {"threads", "1"}});
  device->Open(context);
  context.resources["device"] = device.get();
  DecodedCache cache;
  cache.Open(3, size_t{2} << 20);
  context.resources["cache"] = &cache;
  const auto node = Make<CacheMaintenance>({{"every_epochs", "0"}});
  node->Open(context);
  RgbImage image;
  image.Resize(512, 512);
  cache.Offer(1, image);
  cache.Offer(2, image);
  CacheHandle held = cache.Find(2);
  EXPECT_TRUE(cache.Find(1));
  cache.Offer(0, image);  // evicts 2
  EXPECT_FALSE(cache.Find(2));
  held.Reset();

  std::vector<std::string> lines;
  SetLogWriter([&](const std::string& line) { lines.push_back(line); });
  Step step;
  node->Process(step);
  EXPECT_THAT(lines, testing::IsEmpty()) << "in the middle of an epoch";
  step.last_of_epoch = true;
  node->Process(step);
  EXPECT_TRUE(cache.Find(0));
  node->Process(step);
  SetLogWriter(nullptr);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], testing::HasSubstr("2 of 3 kept in 2 MiB of 2 MiB, hit rate 66.7%"));
  EXPECT_THAT(lines[1], testing::HasSubstr("hit rate 100.0%"));
  EXPECT_EQ(cache.counters().held_bytes, size_t{2} * 3 * 512 * 512);
}

}  // namespace
}  // namespace flowtrain
