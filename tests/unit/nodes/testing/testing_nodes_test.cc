// The test nodes in a graph that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "nodes/testing/test_log.h"
#include "pipeline/base/error.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr char kGraph[] = R"(
graph: testing
pools: {samples: 16, batches: 3}
workers: ${workers}
resources:
  log: {type: TestLog}
nodes:
  source:
    {type: CountingSource, out: ids, workers: ${workers}, options: {
      epochs: 2, steps_per_epoch: 5, window: 2, ids: 50, seed: ${seed},
      throw_in: ${source.throw_in}, throw_at_seq: 40}}
  work:
    {type: SpinSample, in: ids, out: rows, workers: ${workers}, options: {
      service_us: 20, bad_every: ${bad_every}, write: true,
      throw_in: ${work.throw_in}, throw_at_seq: 40}}
  stage:
    {type: TestCollate, in: rows, out: batches, options: {
      batch_size: 6, view_bytes: 12, throw_in: ${stage.throw_in}, throw_at_seq: 7}}
  train:
    {type: TestWindow, in: batches, out: windows, options: {
      throw_in: ${train.throw_in}, throw_at_seq: 7}}
  step:
    {type: TestStep, in: windows, out: steps, options: {
      throw_in: ${step.throw_in}, throw_at_seq: 3}}
  sink: {type: TestSink, in: steps, options: {throw_in: ${sink.throw_in}, throw_at_seq: 3}}
)";

constexpr char kParameters[] = R"(
workers: 3
seed: 42
bad_every: 0
source: {throw_in: ""}
work: {throw_in: ""}
stage: {throw_in: ""}
train: {throw_in: ""}
step: {throw_in: ""}
sink: {throw_in: ""}
)";

struct Ended {
  std::vector<uint64_t> steps, digests;
  std::vector<std::string> events;
  std::string error;
};

// Runs the graph with some parameters set, each "key=value".
Ended RunGraph(const std::vector<std::string>& set) {
  Config config{ReadYaml(kParameters, "parameters.yaml")};
  for (const std::string& each : set) config.Set(each);
  const GraphDef def = LoadGraph(ReadYaml(kGraph, "graph.yaml"), config, Registry::Global());
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  Ended ended;
  try {
    graph.Open();
    graph.Run();
  } catch (const std::exception& error) {
    ended.error = error.what();
  }
  const auto& log = dynamic_cast<const TestLog&>(*graph.Find("log"));
  ended.steps = log.steps();
  ended.digests = log.digests();
  ended.events = log.events();
  return ended;
}

TEST(TestingNodes, RunToTheEndInOrder) {
  const Ended ended = RunGraph({});
  EXPECT_EQ(ended.error, "");
  std::vector<uint64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(ended.steps, all);
  EXPECT_EQ(ended.digests.size(), 20U);
  for (const char* node : {"source", "work", "stage", "train", "step", "sink"}) {
    for (const char* phase : {".open", ".start", ".flush", ".close"}) {
      EXPECT_THAT(ended.events, Contains(std::string(node) + phase));
    }
  }
}

TEST(TestingNodes, DigestsDependOnTheSeedAndTheBadButNotOnTheWorkers) {
  const Ended one = RunGraph({"workers=1", "bad_every=7"});
  EXPECT_EQ(one.error, "");
  for (const char* workers : {"workers=2", "workers=4"}) {
    EXPECT_EQ(RunGraph({workers, "bad_every=7"}).digests, one.digests);
  }
  EXPECT_NE(RunGraph({"workers=1"}).digests, one.digests);
  EXPECT_NE(RunGraph({"workers=1", "bad_every=7", "seed=43"}).digests, one.digests);
}

TEST(TestingNodes, ThrowWhereTheyAreTold) {
  for (const char* node : {"source", "work", "stage", "train", "step", "sink"}) {
    for (const char* phase : {"open", "start", "process", "flush"}) {
      const Ended ended = RunGraph({std::string(node) + ".throw_in=" + phase});
      EXPECT_THAT(ended.error, HasSubstr(std::string("told to throw in ") + phase)) << node;
    }
  }
}

TEST(TestingNodes, RefuseAPhaseThatThereIsNot) {
  EXPECT_THROW(RunGraph({"work.throw_in=proces"}), ConfigError);
}

}  // namespace
}  // namespace flowtrain
