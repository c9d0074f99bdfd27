#include "nodes/cache/cache_maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/log.h"
#include "tests/unit/nodes/train/train_fixture.h"

namespace flowtrain {
namespace {

TEST(CacheMaintenance, DoesAndSaysNothingOnACpu) {
  TestContext context;
  const auto device = Make<Device>("Device", {{"name", "cpu"}, {"threads", "1"}});
  device->Open(context);
  context.resources["device"] = device.get();
  const auto node = Make<CacheMaintenance>("CacheMaintenance", {{"every_epochs", "1"}});
  node->Open(context);
  std::vector<std::string> lines;
  SetLogWriter([&](const std::string& line) { lines.push_back(line); });
  Step step;
  step.last_of_epoch = true;
  for (step.epoch = 0; step.epoch < 3; ++step.epoch) node->Process(step);
  SetLogWriter(nullptr);
  EXPECT_THAT(lines, testing::IsEmpty());
}

}  // namespace
}  // namespace flowtrain
