// What a trace shows of several processes: the sums of gradients go on beside the backward pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/trace_check.h"
#include "tests/support/with_accelerator.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct TracedSpan {
  double begin, end;  // microseconds
  int64_t bytes;
};

// Slices by begin, by the name of their track; further rows of a track count as its first.
std::map<std::string, std::vector<TracedSpan>> SpansByTrack(const nlohmann::json& trace) {
  std::map<nlohmann::json, std::string> track_of;
  for (const nlohmann::json& event : trace.at("traceEvents")) {
    if (event.at("ph") != "M" || event.at("name") != "thread_name") continue;
    std::string name = event.at("args").at("name");
    const size_t number = name.find_last_not_of("0123456789");
    if (number + 1 < name.size()) name.resize(number);
    track_of[event.at("tid")] = name;
  }
  std::map<std::string, std::vector<TracedSpan>> spans;
  for (const nlohmann::json& event : trace.at("traceEvents")) {
    if (event.at("ph") != "X") continue;
    const double begin = event.at("ts"), length = event.at("dur");
    const auto args = event.value("args", nlohmann::json::object());
    spans[track_of.at(event.at("tid"))].push_back(
        {begin, begin + length, args.value("bytes", int64_t{0})});
  }
  for (auto& [track, of] : spans) {
    std::sort(of.begin(), of.end(),
              [](const TracedSpan& a, const TracedSpan& b) { return a.begin < b.begin; });
  }
  return spans;
}

// The trace of a few steps on two ranks.
nlohmann::json TraceOfTwoRanks(const std::string& device,
                               const std::function<void()>& prepare = {}) {
  const TempFolder folder;
  const std::string path = folder / "trace.json";
  std::vector<std::string> arguments = {"timing", kGraph,     "--devices", "2",       "--steps",
                                        "3",      "--warmup", "1",         "--trace", path};
  for (const std::string& set :
       {std::string("data.kind=sample"), std::string("sample.images=80"),
        std::string("data.image_size=16"), std::string("data.batch_size=4"),
        std::string("gpu.gradient_accumulation=1"), std::string("data.num_workers=1"),
        std::string("threads=1"), std::string("model.stem=small"),
        std::string("gpu.mixed_precision=false"), "device=" + device}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  Program program(arguments, prepare);
  EXPECT_EQ(program.WaitAtMost(240), 0) << program.output();
  EXPECT_THAT(program.output(), AllOf(HasSubstr("on 2 ranks"), HasSubstr("forward_backward")));
  nlohmann::json trace = nlohmann::json::parse(ReadText(path), nullptr, false);
  EXPECT_TRUE(trace.is_object()) << program.output();
  return trace;
}

// ResNet-18 has two buckets of gradients: the first one is there when a fifth of the pass is done.
constexpr int64_t kFirstBucket = 30'167'552;

TEST(RanksTrace, TheFirstSumIsUnderWayDuringTheBackwardPass) {
  const nlohmann::json trace = TraceOfTwoRanks("cpu");
  ASSERT_TRUE(trace.is_object());
  EXPECT_THAT(TraceCheck::Faults(trace), IsEmpty());
  const auto spans = SpansByTrack(trace);
  ASSERT_TRUE(spans.contains("last backward") && spans.contains("sums over ranks"));
  EXPECT_TRUE(spans.contains("gathers from ranks"));
  size_t of_first_bucket = 0;
  double earliest = 1;  // share of a pass after which its first sum begins
  for (const TracedSpan& backward : spans.at("last backward")) {
    double beside = 0;
    for (const TracedSpan& sum : spans.at("sums over ranks")) {
      if (sum.begin < backward.begin || sum.begin > backward.end) continue;
      beside += std::min(sum.end, backward.end) - sum.begin;
      if (sum.bytes != kFirstBucket) continue;
      ++of_first_bucket;
      earliest = std::min(earliest, (sum.begin - backward.begin) / (backward.end - backward.begin));
    }
    EXPECT_GT(beside, 0);
  }
  // Not just before the end, as where everything is sent once the last gradient is there.
  EXPECT_LT(earliest, 0.9);
  EXPECT_GE(of_first_bucket, 3u);
  EXPECT_EQ(of_first_bucket, spans.at("last backward").size());
}

// The device is behind the host, so the host's backward pass says little: its kernels do.
TEST(RanksTrace, TheFirstSumIsUnderWayDuringTheKernelsOfADevice) {
#ifdef FLOWTRAIN_SANITIZED
  GTEST_SKIP() << "a sanitizer's own library must come before those of LD_PRELOAD";
#endif
  const nlohmann::json trace = TraceOfTwoRanks("mtia:0", WithAccelerator("delay_seed=5"));
  ASSERT_TRUE(trace.is_object());
  EXPECT_THAT(TraceCheck::Faults(trace), IsEmpty());
  const auto spans = SpansByTrack(trace);
  ASSERT_TRUE(spans.contains("compute") && spans.contains("sums over ranks"));
  const std::vector<TracedSpan>& kernels = spans.at("compute");
  const std::vector<TracedSpan>& sums = spans.at("sums over ranks");
  // Between the first bucket's sum and the second's lie most of the backward pass's kernels. Were
  // both sent behind it, there would be the one that collects the second bucket.
  constexpr int64_t kOfAPass = 30;
  int64_t most = 0;
  for (size_t i = 0; i + 1 < sums.size(); ++i) {
    if (sums[i].bytes != kFirstBucket) continue;
    most = std::max<int64_t>(
        most, std::count_if(kernels.begin(), kernels.end(), [&](const TracedSpan& kernel) {
          return kernel.begin > sums[i].begin && kernel.begin < sums[i + 1].begin;
        }));
  }
  EXPECT_GT(most, kOfAPass);
}

TEST(RanksTrace, WhatMeasuresOneLoaderIsRefusedOnSeveralRanks) {
  for (const char* option : {"--sweep", "--no-device"}) {
    const Result result = RunProgram({"timing", kGraph, "--devices", "2", option});
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr(std::string(option) + " measures the loader"));
  }
}

}  // namespace
}  // namespace flowtrain
