#include "tools/timing/chrome_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/errors.h"
#include "tests/support/loader_fixture.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trace_check.h"

namespace flowtrain {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ChromeTraceFile : public testing::Test {
 protected:
  json Written(const ChromeTrace& trace) const {
    WriteChromeTrace(trace, path_);
    return json::parse(ReadText(path_));
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "trace.json";
};

std::vector<json> Events(const json& trace, const std::string& phase) {
  std::vector<json> events;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == phase) events.push_back(event);
  }
  return events;
}

// Names of threads by number, in the order in which they are to be shown.
std::vector<std::string> ThreadNames(const json& trace) {
  std::vector<std::string> names;
  for (const json& event : Events(trace, "M")) {
    if (event.at("name") == "thread_name") names.push_back(event.at("args").at("name"));
  }
  return names;
}

TraceCall MadeCall(uint16_t node, uint64_t seq, uint64_t begin_ns, uint64_t end_ns, int thread) {
  TraceCall call;
  call.node = node;
  call.seq = seq;
  call.arrived_ns = begin_ns - 250;
  call.begin_ns = begin_ns;
  call.end_ns = end_ns;
  call.thread = thread;
  return call;
}

ChromeTrace TwoNodes() {
  ChromeTrace trace;
  trace.graph = "small";
  trace.nodes = {{"decode", false}, {"stage", true}};
  trace.pools = {"sample slots"};
  trace.rows = 8;
  return trace;
}

// Runs the graph of test nodes: samples of which some are bad, batches, steps.
ChromeTrace RealRun() {
  const GraphDef def = TestGraph();
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  TraceRing ring(100'000);
  graph.Open();
  graph.SetTrace(&ring);
  graph.Run();
  ChromeTrace trace;
  trace.graph = def.name;
  for (const NodeCounters& node : graph.counters())
    trace.nodes.push_back({node.name, node.on_lane});
  trace.calls = ring.Calls();
  trace.rows = 4;
  return trace;
}

TEST_F(ChromeTraceFile, HoldsARunWithoutAFault) {
  const ChromeTrace run = RealRun();
  const json trace = Written(run);
  EXPECT_THAT(TraceCheck::Faults(trace), IsEmpty());
  EXPECT_EQ(Events(trace, "X").size(), run.calls.size());
  EXPECT_EQ(ThreadNames(trace).back(), "device lane");

  // Which nodes the arrows of each kind of packet meet.
  std::map<std::pair<json, json>, std::string> slice_at;
  for (const json& slice : Events(trace, "X")) {
    slice_at[{slice.at("tid"), slice.at("ts")}] = slice.at("name");
  }
  std::map<std::string, std::set<std::string>> met;
  for (const char* phase : {"s", "t", "f"}) {
    for (const json& event : Events(trace, phase)) {
      met[event.at("name")].insert(slice_at.at({event.at("tid"), event.at("ts")}));
    }
  }
  EXPECT_THAT(met["sample"], UnorderedElementsAre("source", "work", "stage"));
  EXPECT_THAT(met["batch"], UnorderedElementsAre("stage", "train", "step"));
  EXPECT_THAT(met["step"], UnorderedElementsAre("step", "sink"));

  // Every sample has its arrow, and every batch is led to by one of its samples.
  size_t batches = 0;
  for (const TraceCall& call : run.calls) batches += call.stream == Stream::kBatch ? 1 : 0;
  size_t led = 0;
  for (const json& event : Events(trace, "f")) {
    led += event.at("name") == "sample" && slice_at.at({event.at("tid"), event.at("ts")}) == "stage"
               ? 1
               : 0;
  }
  EXPECT_EQ(led, batches / 2);  // each has a call in stage and one in train
}

TEST_F(ChromeTraceFile, TimesBeginAtZeroAndAreExact) {
  ChromeTrace trace = TwoNodes();
  const uint64_t boot_ns = 3'000'000'000'000'007;
  trace.calls = {MadeCall(0, 5, boot_ns, boot_ns + 1'234, 4),
                 MadeCall(0, 6, boot_ns + 7'000'000'001, boot_ns + 7'000'000'009, 4)};
  const json written = Written(trace);
  const std::vector<json> slices = Events(written, "X");
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0].at("ts"), 0.0);
  EXPECT_EQ(slices[0].at("dur"), 1.234);
  EXPECT_EQ(slices[0].at("args"), json({{"seq", 5}, {"wait_us", 0.25}}));
  EXPECT_EQ(slices[0].at("cat"), "sample");
  EXPECT_EQ(slices[1].at("ts"), 7'000'000.001);
  EXPECT_EQ(slices[1].at("dur"), 0.008);
  EXPECT_EQ(written.at("displayTimeUnit"), "ns");
}

TEST_F(ChromeTraceFile, ThreadsAreNamedByWhatRanThere) {
  ChromeTrace trace = TwoNodes();
  trace.calls = {MadeCall(1, 0, 1'000, 2'000, 1), MadeCall(0, 1, 1'000, 2'000, 7),
                 MadeCall(0, 2, 3'000, 4'000, 0)};
  EXPECT_THAT(ThreadNames(Written(trace)), ElementsAre("worker 1", "worker 2", "device lane"));
}

TEST_F(ChromeTraceFile, NamesAreTextWhateverTheyHold) {
  ChromeTrace trace = TwoNodes();
  trace.graph = "gr\"aph\\\n";
  trace.nodes[0].name = "</script>\"\xff";
  trace.calls = {MadeCall(0, 0, 1'000, 2'000, 0)};
  trace.levels = {{1'500, {1, 2}, {3}}};
  const json written = Written(trace);
  EXPECT_THAT(TraceCheck::Faults(written), IsEmpty());
  EXPECT_EQ(Events(written, "X")[0].at("name"), "</script>\"\xEF\xBF\xBD");
  EXPECT_EQ(Events(written, "M")[0].at("args").at("name"), "flowtrain gr\"aph\\\n");
}

TEST_F(ChromeTraceFile, LevelsAreWrittenWhenTheyChangeAndAtTheEnd) {
  ChromeTrace trace = TwoNodes();
  trace.levels = {
      {1'000, {1, 0}, {3}}, {2'000, {1, 0}, {4}}, {3'000, {1, 0}, {4}}, {4'000, {1, 0}, {4}}};
  const json written = Written(trace);
  EXPECT_THAT(TraceCheck::Faults(written), IsEmpty());
  std::vector<std::string> counters;
  for (const json& event : Events(written, "C")) {
    counters.push_back(event.at("name").get<std::string>() + event.at("ts").dump() +
                       event.at("args").dump());
  }
  EXPECT_THAT(counters,
              ElementsAre(R"(queued0.0{"decode":1,"stage":0})", R"(in use0.0{"sample slots":3})",
                          R"(in use1.0{"sample slots":4})", R"(queued3.0{"decode":1,"stage":0})",
                          R"(in use3.0{"sample slots":4})"));
}

TEST_F(ChromeTraceFile, WhatOverlapsOnTheDeviceGetsRowsOfItsOwn) {
  ChromeTrace trace = TwoNodes();
  trace.device = "cuda:0";
  trace.calls = {MadeCall(0, 0, 1'000, 2'000, 0)};
  trace.device_slices = {{"gemm", "compute", 1'500, 2'500},
                         {"copy to the device", "copy", 1'000, 3'000},
                         {"relu", "compute", 2'000, 2'600},
                         {"add", "compute", 2'500, 2'700}};
  const json written = Written(trace);
  EXPECT_THAT(TraceCheck::Faults(written), IsEmpty());
  EXPECT_THAT(ThreadNames(written), ElementsAre("worker 1", "copy", "compute", "compute 2"));
  EXPECT_EQ(Events(written, "X").size(), 5u);
}

TEST_F(ChromeTraceFile, WhatGoesOnBesideTheLaneIsUnderneathIt) {
  ChromeTrace trace = TwoNodes();
  trace.device = "cuda:0";
  trace.calls = {MadeCall(0, 0, 1'000, 2'000, 0), MadeCall(1, 0, 2'000, 6'000, 1)};
  trace.rank_slices = {{"backward", "last backward", 500, 4'000},
                       {"sum", "sums over ranks", 3'000, 5'000, 100},
                       {"sum", "sums over ranks", 3'500, 5'500, 40}};
  trace.device_slices = {{"gemm", "compute", 2'500, 3'500}};
  const json written = Written(trace);
  EXPECT_THAT(TraceCheck::Faults(written), IsEmpty());
  EXPECT_THAT(ThreadNames(written), ElementsAre("worker 1", "device lane", "last backward",
                                                "sums over ranks", "sums over ranks 2", "compute"));
  const std::vector<json> slices = Events(written, "X");
  ASSERT_EQ(slices.size(), 6u);
  EXPECT_EQ(slices[0].at("ts"), 0.5);  // time begins with the pass
  EXPECT_EQ(slices[2].at("ts"), 0.0);
  EXPECT_FALSE(slices[2].contains("args"));
  EXPECT_EQ(slices[4].at("args"), json({{"bytes", 40}}));
  EXPECT_EQ(slices[4].at("pid"), slices[0].at("pid"));
  EXPECT_NE(slices[5].at("pid"), slices[0].at("pid"));
}

TEST_F(ChromeTraceFile, AnEmptyRunIsAWholeFile) {
  const json written = Written(ChromeTrace{});
  EXPECT_THAT(TraceCheck::Faults(written), IsEmpty());
  EXPECT_THAT(Events(written, "X"), IsEmpty());
}

std::string Error(const ChromeTrace& trace, const std::string& path) {
  return MessageOf<DataError>([&] { WriteChromeTrace(trace, path); });
}

TEST_F(ChromeTraceFile, AFolderThatIsNotThereIsAnErrorThatSaysWhatToDo) {
  const std::string error = Error(TwoNodes(), folder_ / "none/trace.json");
  EXPECT_THAT(error, HasSubstr(folder_ / "none/trace.json"));
  EXPECT_THAT(error, HasSubstr("Name a file in a folder that may be written to"));
}

TEST_F(ChromeTraceFile, AFileThatCannotGrowLeavesNothing) {
  ChromeTrace trace = TwoNodes();
  for (uint64_t i = 0; i < 100'000; ++i) {
    trace.calls.push_back(MadeCall(0, i, 1'000 + i * 10, 1'005 + i * 10, 0));
  }
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = Error(trace, path_);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_THAT(error, HasSubstr("cannot write"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST(TraceCheckOfTheTests, FindsWhatViewersDrop) {
  const char* text = R"({"displayTimeUnit": "ns", "traceEvents": [
    {"ph": "M", "name": "process_name", "pid": 1, "tid": 0, "args": {"name": "p"}},
    {"ph": "M", "name": "thread_name", "pid": 1, "tid": 5, "args": {"name": "t"}},
    {"ph": "X", "name": "a", "pid": 1, "tid": 5, "ts": 0, "dur": 2},
    {"ph": "X", "name": "b", "pid": 1, "tid": 5, "ts": 1, "dur": 2},
    {"ph": "s", "name": "sample", "cat": "flow", "id": 1, "pid": 1, "tid": 5, "ts": 9}]})";
  EXPECT_THAT(TraceCheck::Faults(json::parse(text)),
              ElementsAre("slices overlap", "an arrow outside of slices: flow/sample/1",
                          "arrow flow/sample/1 is s"));
}

}  // namespace
}  // namespace flowtrain
