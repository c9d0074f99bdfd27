#include "tools/timing/trace_flows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "0:sample3 begin": call, packet, part.
std::vector<std::string> Show(const std::vector<FlowPoint>& points) {
  std::vector<std::string> shown;
  for (const FlowPoint& point : points) {
    const char* part = point.part == FlowPoint::Part::kBegin    ? " begin"
                       : point.part == FlowPoint::Part::kMiddle ? " middle"
                                                                : " end";
    shown.push_back(std::to_string(point.call) + ':' + ToString(point.stream) +
                    std::to_string(point.seq) + part);
  }
  return shown;
}

TraceCall MadeCall(Stream stream, uint64_t seq, uint64_t begin_ns, uint64_t end_ns) {
  TraceCall call;
  call.stream = stream;
  call.seq = seq;
  call.begin_ns = begin_ns;
  call.end_ns = end_ns;
  return call;
}

constexpr Stream kSample = Stream::kSample, kBatch = Stream::kBatch, kStep = Stream::kStep;

TEST(FindFlows, ASampleIsFollowedFromCallToCall) {
  const auto flows = FindFlows({MadeCall(kSample, 3, 0, 10), MadeCall(kSample, 4, 5, 9),
                                MadeCall(kSample, 3, 12, 20), MadeCall(kSample, 3, 21, 22)},
                               8, 1);
  EXPECT_THAT(Show(flows), ElementsAre("0:sample3 begin", "2:sample3 middle", "3:sample3 end"));
}

TEST(FindFlows, TheSampleThatEndedLastLeadsToItsBatch) {
  // Of batch 1, which holds samples 2 and 3; the other one's way ends before.
  const auto flows =
      FindFlows({MadeCall(kSample, 2, 0, 1), MadeCall(kSample, 3, 1, 2), MadeCall(kSample, 2, 3, 9),
                 MadeCall(kSample, 3, 4, 8), MadeCall(kBatch, 1, 20, 30)},
                2, 1);
  EXPECT_THAT(Show(flows), ElementsAre("0:sample2 begin", "1:sample3 begin", "2:sample2 middle",
                                       "3:sample3 end", "4:sample2 end"));
}

TEST(FindFlows, TheBatchThatEndedLastLeadsToItsStep) {
  const auto flows = FindFlows(
      {MadeCall(kBatch, 4, 0, 10), MadeCall(kBatch, 4, 10, 20), MadeCall(kBatch, 5, 20, 30),
       MadeCall(kBatch, 5, 30, 40), MadeCall(kStep, 2, 50, 60), MadeCall(kStep, 2, 60, 70)},
      1, 2);
  EXPECT_THAT(Show(flows),
              ElementsAre("0:batch4 begin", "1:batch4 end", "2:batch5 begin", "3:batch5 middle",
                          "4:batch5 end", "4:step2 begin", "5:step2 end"));
}

TEST(FindFlows, ACallAloneIsNoWay) {
  EXPECT_THAT(FindFlows({MadeCall(kSample, 0, 0, 10), MadeCall(kSample, 9, 0, 10)}, 4, 1),
              IsEmpty());
  EXPECT_THAT(FindFlows({}, 4, 1), IsEmpty());
}

TEST(FindFlows, NoWayLeadsBackInTime) {
  // As in a run that went on from a checkpoint, whose steps do not begin at 0.
  EXPECT_THAT(FindFlows({MadeCall(kStep, 0, 0, 10), MadeCall(kBatch, 0, 20, 30)}, 4, 1), IsEmpty());
}

TEST(FindFlows, CallsWithoutLengthAreLeftOut) {
  const auto flows = FindFlows(
      {MadeCall(kSample, 0, 0, 10), MadeCall(kSample, 0, 12, 12), MadeCall(kSample, 0, 14, 15)}, 4,
      1);
  EXPECT_THAT(Show(flows), ElementsAre("0:sample0 begin", "2:sample0 end"));
}

}  // namespace
}  // namespace flowtrain
