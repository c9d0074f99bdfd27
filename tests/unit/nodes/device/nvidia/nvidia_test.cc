// What is asked of NVIDIA's libraries, with stand-ins for them that are opened as the real ones are.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "nodes/device/gpu_monitor.h"
#include "nodes/device/nvidia/cuda_driver.h"
#include "nodes/device/nvidia/nvidia_gpu.h"
#include "nodes/device/nvidia/nvml.h"
#include "pipeline/base/error.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr size_t kHundredthOfGib = (size_t{1} << 30) / 100;

// They are found by their names once they are open.
class StandIns : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"/libcuda.so.1", "/libnvidia-ml.so.1"}) {
      const std::string path = FLOWTRAIN_TEST_NVIDIA_FOLDER + std::string(name);
      ASSERT_NE(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), nullptr) << dlerror();
    }
  }
  void TearDown() override {
    unsetenv("FLOWTRAIN_TEST_NVIDIA");
    unsetenv("PYTORCH_CUDA_ALLOC_CONF");
  }
  static void Answer(const std::string& settings) {
    setenv("FLOWTRAIN_TEST_NVIDIA", settings.c_str(), 1);
  }
  // What libtorch's allocator is told when a device of that name is opened.
  static std::string AllocatorSettings(const std::string& name, const Options& more = {}) {
    Options options = {{"name", name}};
    options.insert(more.begin(), more.end());
    TestContext context;
    try {
      Make<Device>(options)->Open(context);
    } catch (const ConfigError&) {
      // There is no GPU behind the stand-ins.
    }
    const char* settings = std::getenv("PYTORCH_CUDA_ALLOC_CONF");
    return settings == nullptr ? "" : settings;
  }
};

TEST_F(StandIns, TheDriverTellsItsVersionItsGpusAndItsError) {
  Answer("gpus=2 version=12040");
  CudaDriverState state = ReadCudaDriver();
  EXPECT_TRUE(state.opened);
  EXPECT_EQ(state.gpus, 2);
  EXPECT_EQ(state.version, 12040);
  EXPECT_EQ(state.error, 0);
  Answer("gpus=2 error=803");
  state = ReadCudaDriver();
  EXPECT_EQ(state.error, 803);
  EXPECT_EQ(state.error_name, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH");
  EXPECT_EQ(state.gpus, 0);
}

TEST_F(StandIns, TheFiguresAreThoseOfTheSameGpuWhateverItsNumber) {
  Answer("gpus=2 used=9.5");
  for (const int index : {0, 1}) {
    const auto gpu = Nvml::Open(CudaBusId(index));
    ASSERT_NE(gpu, nullptr);
    const GpuStatus status = gpu->Read();
    EXPECT_DOUBLE_EQ(status.utilization.value(), 0.97 + 0.01 * index);
    EXPECT_EQ(status.used_bytes, size_t{19} << 29U);
    EXPECT_DOUBLE_EQ(status.temperature_c.value(), 71 + index);
    EXPECT_DOUBLE_EQ(status.power_w.value(), 165.5 + index);
    const auto memory = gpu->ReadMemory();
    EXPECT_EQ(memory->total_bytes, size_t{12} << 30U);
    EXPECT_EQ(memory->free_bytes,
              (size_t{10} << 30U) - static_cast<size_t>(index) * kHundredthOfGib);
  }
}

TEST_F(StandIns, WhatAGpuDoesNotTellIsLeftOut) {
  Answer("gpus=1 not_supported=1 old=1 free=10");
  const GpuStatus status = Nvml::Open(CudaBusId(0))->Read();
  EXPECT_FALSE(status.utilization || status.temperature_c || status.power_w);
  EXPECT_EQ(status.used_bytes, size_t{2} << 30U);
  EXPECT_FALSE(status.empty());
}

TEST_F(StandIns, AGpuThatIsNotThereHasNoFigures) {
  Answer("gpus=1");
  EXPECT_EQ(CudaBusId(1), "");
  EXPECT_EQ(Nvml::Open(""), nullptr);
  EXPECT_EQ(Nvml::Open("0000:07:00.0"), nullptr);
}

TEST_F(StandIns, TheMonitorKeepsReading) {
  Answer("gpus=1 used=1");
  const std::shared_ptr<Nvml> nvml = Nvml::Open(CudaBusId(0));
  const GpuMonitor monitor([nvml] { return nvml->Read(); }, std::chrono::milliseconds(1));
  EXPECT_EQ(monitor.Latest().used_bytes, size_t{1} << 30U);
  Answer("gpus=1 used=2");
  for (int i = 0; i < 5000 && monitor.Latest().used_bytes != size_t{2} << 30U; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(monitor.Latest().used_bytes, size_t{2} << 30U);
}

// The second GPU's free memory less a twentieth of all of it.
TEST_F(StandIns, BesideOtherProgramsTheLimitIsWhatIsFreeLessAReserve) {
  Answer("gpus=2 total=20 free=15 used=4");
  EXPECT_EQ(AllocatorSettings("cuda:1"), "per_process_memory_fraction:0.699500");
  EXPECT_EQ(AllocatorSettings("cuda:1"), "per_process_memory_fraction:0.699500") << "said once";
}

TEST_F(StandIns, ALimitThatIsGivenHolds) {
  Answer("gpus=2 total=20 free=15 used=4");
  EXPECT_EQ(AllocatorSettings("cuda:1", {{"memory_limit", "5 GiB"}}),
            "per_process_memory_fraction:0.250000");
  unsetenv("PYTORCH_CUDA_ALLOC_CONF");
  EXPECT_EQ(AllocatorSettings("cuda:1", {{"memory_limit", "100%"}}), "");
}

NvidiaSigns Signs() {
  NvidiaSigns signs;
  signs.device_file = "/dev/nvidiactl";
  signs.driver = {true, 0, "", 13000, 1};
  return signs;
}

TEST(NvidiaGpu, ThatCanBeUsedIsNoTrouble) { EXPECT_THAT(TroubleOf(Signs()).why, IsEmpty()); }

TEST(NvidiaGpu, ThatIsNotThereIsNoReasonToWarn) {
  NvidiaSigns signs;
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("no NVIDIA driver"));
  EXPECT_TRUE(TroubleOf(signs).expected);
  signs.driver = {true, kCudaNoDevice, "CUDA_ERROR_NO_DEVICE", 13000, 0};
  EXPECT_TRUE(TroubleOf(signs).expected) << "a driver without a GPU";
}

TEST(NvidiaGpu, WithoutItsDriversLibraryIsToldHowToGetIt) {
  NvidiaSigns signs = Signs();
  signs.driver = {};
  EXPECT_FALSE(TroubleOf(signs).expected);
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("--gpus all"));
  signs.device_file = "/dev/dxg";
  EXPECT_FALSE(TroubleOf(signs).expected);
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("install the driver in Windows, not in WSL2"));
}

TEST(NvidiaGpu, WhoseDriverDoesNotStartIsToldWithTheError) {
  NvidiaSigns signs = Signs();
  signs.driver = {true, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", 13000, 0};
  EXPECT_FALSE(TroubleOf(signs).expected);
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)"));
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("restart the machine"));
}

TEST(NvidiaGpu, ThatIsHiddenIsToldBy) {
  NvidiaSigns signs = Signs();
  signs.driver = {true, kCudaNoDevice, "CUDA_ERROR_NO_DEVICE", 13000, 0};
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("shows no GPU"));
  signs.visible_devices = "";
  EXPECT_THAT(TroubleOf(signs).why, HasSubstr("CUDA_VISIBLE_DEVICES='' hides every GPU"));
  EXPECT_FALSE(TroubleOf(signs).expected);
}

// A driver serves every minor version of its major version.
TEST(NvidiaGpu, NeedsADriverOfLibtorchsMajorVersion) {
  EXPECT_THAT(DriverAgeTrouble(13000, 13000), IsEmpty());
  EXPECT_THAT(DriverAgeTrouble(13000, 13010), IsEmpty());
  EXPECT_THAT(DriverAgeTrouble(13000, 12060), IsEmpty());
  EXPECT_THAT(DriverAgeTrouble(12000, 12080), IsEmpty());
  EXPECT_THAT(DriverAgeTrouble(12090, 13000),
              HasSubstr("serves CUDA up to 12.9, and this libtorch is built for CUDA 13.0, which "
                        "needs driver 580 or newer"));
  EXPECT_THAT(DriverAgeTrouble(11080, 12060), HasSubstr("driver 525"));
  EXPECT_THAT(DriverAgeTrouble(13000, 14010), Not(HasSubstr("which needs driver")));
}

TEST(NvidiaGpu, NeedsLibtorchsLibraryForIt) {
  EXPECT_THAT(CudaLibraryTrouble("/torch/lib", false, ""),
              HasSubstr("libtorch in /torch/lib is built for the CPU alone"));
  EXPECT_THAT(CudaLibraryTrouble("/torch/lib", true, "libcublas.so.13: cannot open"),
              HasSubstr("(libcublas.so.13: cannot open): start tools/flowtrain"));
}

TEST(Wsl, IsKnownByItsKernel) {
  EXPECT_TRUE(IsWslKernel("5.15.153.1-microsoft-standard-WSL2"));
  EXPECT_TRUE(IsWslKernel("4.4.0-19041-Microsoft"));
  EXPECT_FALSE(IsWslKernel("6.1.0-18-amd64"));
}

}  // namespace
}  // namespace flowtrain
