#include "nodes/device/device.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <thread>

#include "nodes/device/vendor_library.h"
#include "pipeline/base/error.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

std::unique_ptr<Device> Cpu(const Options& more = {}) {
  Options options = {{"name", "cpu"}};
  options.insert(more.begin(), more.end());
  auto device = Make<Device>(options);
  TestContext context;
  device->Open(context);
  return device;
}

TEST(Device, ACpuHasNoDeviceMemory) {
  const auto device = Cpu();
  EXPECT_FALSE(device->is_accelerator());
  EXPECT_FALSE(device->Name().empty());
  EXPECT_FALSE(device->cudnn_benchmark());  // it means nothing here, whatever the option says
  EXPECT_EQ(device->ReservedBytes(), 0u);
  EXPECT_EQ(device->TotalBytes(), 0u);
  EXPECT_TRUE(device->Status().empty());
  EXPECT_EQ(device->PeakBytes(), 0u);
  EXPECT_EQ(device->EmptyCache(), 0u);
  device->Synchronize();
}

TEST(Device, ACpuComputesInFp32OrBf16) {
  EXPECT_EQ(Cpu({{"mixed_precision", "false"}})->precision(), Precision::kFp32);
  const auto device = Cpu({{"mixed_precision", "true"}});
  EXPECT_NE(device->precision(), Precision::kFp16);
  EXPECT_EQ(device->compute_type(),
            device->precision() == Precision::kBf16 ? c10::kBFloat16 : c10::kFloat);
}

TEST(Device, AutoTakesAGpuExactlyWhereOneCanBeUsed) {
  const VendorLibrary library = LoadVendorLibrary("auto");
  EXPECT_EQ(library.loaded, library.why.empty());
  const auto device = Make<Device>({{"name", "auto"}});
  TestContext context;
  device->Open(context);
  if (!library.loaded) {
    EXPECT_FALSE(device->is_accelerator());
  }
}

// Thread counts are a thread's own: what the lane asks for must not reach the workers.
TEST(Device, WorkersComputeAloneAndTheLaneWithItsOwnThreads) {
  const auto device = Cpu({{"threads", "3"}});
  EXPECT_EQ(device->lane_threads(), 3);
  int lane = 0, worker = 0, lane_after = 0;
  std::thread lane_thread([&] {
    device->OnLaneThread();
    lane = at::get_num_threads();
    std::thread([&] {
      device->OnWorkerThread();
      worker = at::get_num_threads();
    }).join();
    lane_after = at::get_num_threads();
  });
  lane_thread.join();
  EXPECT_EQ(lane, 3);
  EXPECT_EQ(worker, 1);
  EXPECT_EQ(lane_after, 3);
}

TEST(Device, TheLaneTakesEveryCoreUnlessTold) { EXPECT_GE(Cpu()->lane_threads(), 1); }

TEST(Device, RefusesWhatIsNotThere) {
  TestContext context;
  for (const char* name : {"tpu", "gpu", "cuda:x", "cuda:"}) {
    EXPECT_THROW(Make<Device>({{"name", name}}), ConfigError) << name;
  }
  for (const char* name : {"cuda:99", "mps"}) {
    const auto device = Make<Device>({{"name", name}});
    EXPECT_THROW(device->Open(context), ConfigError) << name;
  }
}

}  // namespace
}  // namespace flowtrain
