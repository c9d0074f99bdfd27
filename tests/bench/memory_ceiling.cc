// Does the start-up banner's figure for the pools hold? Runs the loader of a graph on 1, 2, 8 and
// 64 workers and compares what the process took at most with what the banner says. By hand:
//   memory_ceiling GRAPH [KEY=VALUE…]     prints a table in Markdown
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "nodes/data/cache/decoded_cache.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"
#include "tools/load/load.h"
#include "tools/measure/live_run.h"
#include "tools/measure/partial_graph.h"
#include "tools/measure/peak_memory.h"

namespace flowtrain {
namespace {

constexpr double kSeconds = 4, kPollSeconds = 0.02;

double Mib(size_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); }

void Measure(GraphDef def, int workers) {
  def.workers = workers;
  for (NodeDef& node : def.nodes) {
    if (node.workers > 1) node.workers = workers;
  }
  malloc_trim(0);
  const size_t before = AnonymousMemoryBytes();
  LiveRun run(def, Registry::Global(), nullptr);
  const auto* cache = FindComponent<DecodedCache>(run.graph());
  const size_t figure = run.graph().pool_bytes() + (cache == nullptr ? 0 : cache->ceiling_bytes());
  size_t most = 0;
  for (double waited = 0; waited < kSeconds && run.Pause(kPollSeconds); waited += kPollSeconds) {
    most = std::max(most, AnonymousMemoryBytes());
  }
  const Snapshot end = run.graph().snapshot();
  run.Stop();
  const size_t taken = most - before;
  const auto slots = static_cast<size_t>(end.settings.sample_slots);
  std::printf("| %d | %zu | %llu | %.1f | %.1f | %.0f |\n", workers, slots,
              static_cast<unsigned long long>(end.images()), Mib(figure), Mib(taken),
              (Mib(taken) - Mib(figure)) * 1024 / static_cast<double>(slots));
  std::fflush(stdout);
}

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  using namespace flowtrain;
  if (argc < 2) {
    std::fprintf(stderr, "usage: memory_ceiling GRAPH [KEY=VALUE…]\n");
    return 2;
  }
  SetLogLevel(LogLevel::kError);
  GraphRequest request;
  request.graph = argv[1];
  request.sets.assign(argv + 2, argv + argc);
  request.sets.emplace_back("data.num_workers=2");
  const GraphDef def = HostGraph(LoadForRun(request).def, Registry::Global());
  std::printf(
      "| workers | sample slots | images | banner, MiB | taken, MiB | above it, KiB a slot |\n"
      "|---|---|---|---|---|---|\n");
  for (const int workers : {1, 2, 8, 64}) Measure(def, workers);
  return 0;
}
