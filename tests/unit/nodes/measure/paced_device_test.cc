#include "nodes/measure/paced_device.h"

#include <gtest/gtest.h>

#include "pipeline/base/clock.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr uint64_t kServiceNs = 20'000'000;  // of a batch: 8 images at 400 a second

struct Fixture {
  Fixture() {
    batch.layout.rows = 8;
    device->Start();
  }
  std::unique_ptr<PacedDevice> device = Make<PacedDevice>({{"images_per_s", "400"}});
  Batch batch;
  Step step;
};

TEST(PacedDevice, TakesItsTimeForEachBatchAndRunsOneAhead) {
  Fixture f;
  const uint64_t start_ns = NowNs();
  for (int i = 0; i < 4; ++i) f.device->Process(f.batch, f.step);
  EXPECT_GE(NowNs() - start_ns, 3 * kServiceNs);  // the fourth has begun
  f.device->Flush();
  EXPECT_GE(NowNs() - start_ns, 4 * kServiceNs);
  EXPECT_NEAR(static_cast<double>(f.device->WorkedNs(NowNs())), 4.0 * kServiceNs, 8);
}

TEST(PacedDevice, HasWorkedSoFarAsItsScheduleSays) {
  Fixture f;
  EXPECT_EQ(f.device->WorkedNs(NowNs()), 0u);
  f.device->Process(f.batch, f.step);
  const uint64_t begun_ns = NowNs();  // at most: the device began before
  EXPECT_NEAR(static_cast<double>(f.device->WorkedNs(begun_ns + 2 * kServiceNs)),
              static_cast<double>(kServiceNs), 8);
  EXPECT_GE(f.device->WorkedNs(begun_ns + kServiceNs / 2), kServiceNs / 2);
  f.device->Flush();
  // Idle until the next batch comes.
  const uint64_t later_ns = NowNs() + kServiceNs;
  EXPECT_NEAR(static_cast<double>(f.device->WorkedNs(later_ns)), static_cast<double>(kServiceNs),
              8);
}

}  // namespace
}  // namespace flowtrain
