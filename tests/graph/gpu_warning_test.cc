// What is said on a machine whose GPU the program cannot use. The driver is a stand-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kWarning[] = "computing on the CPU although a GPU is there: ";

struct Gpu {
  std::string driver;                // what it answers (tests/support/nvidia)
  bool libtorch_has_cuda13 = false;  // built for CUDA 13; else the one that the program has
};

Result Train(const std::string& device, const Gpu& gpu) {
  const TempFolder folder;
  const auto set_up = [&gpu] {
    const std::string stand_ins = FLOWTRAIN_TEST_NVIDIA_FOLDER;
    setenv("LD_LIBRARY_PATH", stand_ins.c_str(), 1);
    setenv("FLOWTRAIN_TEST_NVIDIA", gpu.driver.c_str(), 1);
    if (gpu.libtorch_has_cuda13) setenv("LD_PRELOAD", (stand_ins + "/libtorch_cuda.so").c_str(), 1);
  };
  Program program(
      SmallRun(folder / "run", {"device=" + device, "train.max_steps=1", "evaluate.knn=false"}),
      set_up);
  const int code = program.Wait();
  return {code, program.output()};
}

TEST(GpuWarning, ADriverThatIsTooOldIsToldWithTheWaysOut) {
  const Gpu old_driver{"gpus=1 version=12040", true};
  const Result automatic = Train("auto", old_driver);
  EXPECT_EQ(automatic.code, 0) << automatic.output;
  const auto says_why =
      AllOf(HasSubstr("serves CUDA up to 12.4, and this libtorch is built for CUDA 13.0, which "
                      "needs driver 580 or newer"),
            HasSubstr("Install a newer driver, or a torch 2.11 for an older CUDA"));
  EXPECT_THAT(automatic.output, AllOf(HasSubstr(kWarning), says_why));
  const Result asked_for = Train("cuda", old_driver);
  EXPECT_EQ(asked_for.code, 2) << asked_for.output;
  EXPECT_THAT(asked_for.output, AllOf(HasSubstr("device: 'cuda' cannot be used: "), says_why));
}

TEST(GpuWarning, AGpuThatLibtorchCannotUseIsTold) {
  const Result result = Train("auto", {"gpus=1 version=13000"});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr(kWarning));
}

TEST(GpuWarning, ADriverThatDoesNotStartIsTold) {
  const Result result = Train("auto", {"gpus=1 error=803"});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr(kWarning), HasSubstr("DRIVER_MISMATCH (803)")));
}

TEST(GpuWarning, TheCpuIsTakenInSilenceOnlyWhereItWasAskedForOrThereIsNoGpu) {
  const Result asked_for = Train("cpu", {"gpus=1 version=12040", true});
  EXPECT_EQ(asked_for.code, 0) << asked_for.output;
  EXPECT_THAT(asked_for.output, Not(HasSubstr(kWarning)));
  if (access("/dev/nvidiactl", F_OK) == 0 || access("/dev/dxg", F_OK) == 0) return;
  const Result none = Train("auto", {"gpus=0"});
  EXPECT_EQ(none.code, 0) << none.output;
  EXPECT_THAT(none.output, Not(HasSubstr(kWarning)));
}

}  // namespace
}  // namespace flowtrain
