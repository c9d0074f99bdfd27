#include "tools/measure/bare_loop.h"

#include <gtest/gtest.h>

#include <vector>

#include "nodes/testing/test_log.h"
#include "nodes/testing/test_window.h"
#include "pipeline/node/run_control.h"
#include "tests/support/loader_fixture.h"

namespace flowtrain {
namespace {

constexpr uint64_t kBatchRows = 4, kBatches = 6;  // of the test graph's one epoch

TEST(BareLoop, FillsTheBatchesThatTheEngineFills) {
  RunControl run;
  Graph graph(TestGraph(), Registry::Global(), run);
  graph.Open();
  graph.Run();
  const auto& log = dynamic_cast<const TestLog&>(*graph.Find("log"));
  ASSERT_EQ(log.digests().size(), kBatches);

  BareLoop loop(TestGraph(), Registry::Global(), run);
  std::vector<uint64_t> digests;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    ASSERT_TRUE(loop.Pass(1));  // from any image to any image
    ASSERT_TRUE(loop.Pass(kBatchRows - 1));
    digests.push_back(Digest(loop.batch()));
  }
  EXPECT_EQ(digests, log.digests());
  EXPECT_FALSE(loop.Pass(1));  // the source has no more
}

TEST(BareLoop, StopsWhenItIsTold) {
  RunControl run;
  BareLoop loop(TestGraph(), Registry::Global(), run);
  EXPECT_TRUE(loop.Pass(3));
  run.RequestDrain();
  EXPECT_FALSE(loop.Pass(1));
}

}  // namespace
}  // namespace flowtrain
