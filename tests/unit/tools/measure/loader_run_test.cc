#include "tools/measure/loader_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/node/run_control.h"
#include "tests/support/loader_fixture.h"
#include "tools/measure/partial_graph.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;

constexpr int kServiceUs = 200;

GraphDef SlowLoader(double device_rate = 0) {
  return HostGraph(TestGraph(kServiceUs), Registry::Global(), device_rate);
}

LoaderTimes Short() { return {.warm_up_s = 0.02, .warm_up_epochs = 0, .seconds = 0.2}; }

TEST(RunLoader, CountsImagesAndTheirTimeInEachNode) {
  RunControl run;
  const auto figures = RunLoader(SlowLoader(), Short(), run);
  ASSERT_TRUE(figures);
  EXPECT_GE(figures->seconds, 0.2);
  EXPECT_GT(figures->images_before, 0u);
  EXPECT_GT(figures->images, 0u);
  // Two workers that sleep so long for each image cannot do more.
  EXPECT_LE(figures->images_per_s(), 2e6 / kServiceUs * 1.05);
  std::vector<std::string> names;
  for (const auto& node : figures->nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("source", "work", "stage"));
  EXPECT_GE(figures->nodes[1].us_per_image, kServiceUs);
  EXPECT_LT(figures->nodes[0].us_per_image, figures->nodes[1].us_per_image);
  EXPECT_FALSE(figures->device_busy);
}

TEST(RunLoader, AWarmUpLastsWholeEpochs) {
  RunControl run;
  LoaderTimes times = Short();
  times.warm_up_epochs = 4;  // of 50 images
  const auto figures = RunLoader(SlowLoader(), times, run);
  ASSERT_TRUE(figures);
  EXPECT_GE(figures->images_before, 200u);
}

TEST(RunLoader, ADeviceIsAsBusyAsTheImagesItTook) {
  // Much slower than the loader, and much faster.
  std::vector<double> busy;
  for (const double rate : {500.0, 1e6}) {
    RunControl run;
    const auto figures = RunLoader(SlowLoader(rate), Short(), run);
    ASSERT_TRUE(figures);
    EXPECT_EQ(figures->nodes.size(), 3u);
    busy.push_back(figures->device_busy.value());
    EXPECT_GT(busy.back(), 0);
    EXPECT_LE(busy.back(), 1);
    // Beside what it takes in the time, the buffers that were filled: three batches and more.
    EXPECT_LE(static_cast<double>(figures->images), rate * figures->seconds + 16);
  }
  EXPECT_GT(busy[0], busy[1]);
}

TEST(RunLoader, GivesNothingWhenItIsStoppedBefore) {
  RunControl run;
  LoaderTimes times = Short();
  times.seconds = 3600;
  std::thread stopper([&run] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    run.RequestDrain();
  });
  EXPECT_FALSE(RunLoader(SlowLoader(), times, run));
  stopper.join();
}

TEST(RunLoader, SaysWhenTheTimeIsTooShort) {
  RunControl run;
  LoaderTimes times;
  times.warm_up_s = 0;
  times.seconds = 1e-4;
  EXPECT_THROW(RunLoader(HostGraph(TestGraph(200'000), Registry::Global()), times, run),
               ConfigError);
}

TEST(RunBareLoop, PassesTheSameImages) {
  LoaderFigures figures;
  figures.images_before = 5;
  figures.images = 50;
  RunControl run;
  const auto cost = RunBareLoop(SlowLoader(), figures, run);
  ASSERT_TRUE(cost);
  EXPECT_GE(cost->wall_us, kServiceUs);
  EXPECT_LT(cost->cpu_us, cost->wall_us);  // the nodes sleep
  run.RequestDrain();
  EXPECT_FALSE(RunBareLoop(SlowLoader(), figures, run));
}

TEST(OneCore, HoldsTheThreadAndLetsItGo) {
  const unsigned before = std::thread::hardware_concurrency();
  cpu_set_t cores;
  {
    const OneCore one;
    sched_getaffinity(0, sizeof cores, &cores);
    EXPECT_EQ(CPU_COUNT(&cores), 1);
  }
  sched_getaffinity(0, sizeof cores, &cores);
  EXPECT_EQ(static_cast<unsigned>(CPU_COUNT(&cores)), before);
}

}  // namespace
}  // namespace flowtrain
