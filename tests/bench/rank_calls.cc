// What sums and gathers over the ranks cost where nothing else is computed: one process of each rank,
// as RANK and WORLD_SIZE say; tests/bench/scale/measure_scale.py starts them.
//
//   rank_calls sum:4096 sum:26214400 gather:65536     the bytes that each rank gives
//
// Rank 0 prints the seconds of the fastest of 31 calls of each as one JSON object.
#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/distributed/rank_group.h"
#include "pipeline/base/clock.h"
#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

constexpr int kWarmUp = 5, kCalls = 31;

double FastestSeconds(RankGroup& ranks, bool gather, const at::Tensor& tensor) {
  double fastest = std::numeric_limits<double>::infinity();
  for (int call = -kWarmUp; call < kCalls; ++call) {
    ranks.Sum(at::zeros({1}));  // so that all begin at about the same time
    const uint64_t begin_ns = NowNs();
    if (gather) {
      ranks.Gather(tensor);
    } else {
      ranks.Sum(tensor);
    }
    const double seconds = static_cast<double>(NowNs() - begin_ns) * 1e-9;
    if (call >= 0) fastest = std::min(fastest, seconds);
  }
  return fastest;
}

void Measure(const std::vector<std::string>& calls) {
  at::set_num_threads(1);
  const TestContext context;
  const auto ranks = Make<RankGroup>({{"backend", "gloo"}});
  ranks->Join(ReadLaunch(ProcessEnvironment()));
  ranks->Open(context);
  std::string json;
  for (const std::string& call : calls) {
    const size_t colon = call.find(':');
    const std::string kind = call.substr(0, colon);
    if (colon == std::string::npos || (kind != "sum" && kind != "gather")) {
      throw std::runtime_error(call + " is neither sum:BYTES nor gather:BYTES");
    }
    const int64_t bytes = std::stoll(call.substr(colon + 1));
    const double seconds = FastestSeconds(*ranks, kind == "gather",
                                          at::zeros({bytes / static_cast<int64_t>(sizeof(float))}));
    char text[32];
    std::snprintf(text, sizeof text, "%.9f", seconds);
    json += (json.empty() ? "\"" : ", \"") + call + "\": " + text;
  }
  if (ranks->leads()) std::printf("{%s}\n", json.c_str());
  ranks->Leave();
}

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  try {
    flowtrain::Measure({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank_calls: error: %s\n", error.what());
    return 1;
  }
}
