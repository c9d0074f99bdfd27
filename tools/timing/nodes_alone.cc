#include "tools/timing/nodes_alone.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <exception>
#include <thread>
#include <utility>

#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

constexpr int kSamplesAThread = 48;  // several, so that a node's time is that of many images

GraphDef OnThreads(GraphDef def, int threads) {
  def.workers = threads;
  return def;
}

// What a thread did in its time.
struct Done {
  uint64_t calls = 0, cpu_ns = 0;
  double seconds = 0;
  std::exception_ptr error;
};

}  // namespace

struct NodesAlone::Prepared {
  std::shared_ptr<uint8_t> buffer;
  Batch batch;
  std::vector<std::unique_ptr<Sample>> samples;
};

NodesAlone::NodesAlone(const GraphDef& def, const Registry& registry, int most_workers)
    : nodes_(OnThreads(def, most_workers), registry, run_) {
  for (int i = 0; i < most_workers; ++i) {
    prepared_.push_back(std::make_unique<Prepared>());
    Prepare(*prepared_.back());
  }
}

NodesAlone::~NodesAlone() = default;

void NodesAlone::Prepare(Prepared& prepared) {
  prepared.buffer = nodes_.Allocate(prepared.batch);
  const int rows = prepared.batch.layout.rows;
  for (int i = 0; i < kSamplesAThread; ++i) {
    if (i % rows == 0 && !nodes_.BeginBatch(prepared.batch)) {
      throw DataError("the source has no more images");
    }
    prepared.samples.push_back(std::make_unique<Sample>());
    nodes_.Admit(*prepared.samples.back(), prepared.batch, i % rows);
  }
}

AloneRate NodesAlone::Measure(size_t node, int workers, double seconds) {
  std::vector<Done> done(static_cast<size_t>(workers));
  std::barrier start(workers);
  const auto work = [&](int index) {
    nodes_.JoinThread();
    Done& mine = done[static_cast<size_t>(index)];
    auto& samples = prepared_[static_cast<size_t>(index)]->samples;
    Worker worker{index};
    start.arrive_and_wait();
    const uint64_t begin_ns = NowNs(), begin_cpu_ns = ThreadCpuNs();
    const uint64_t end_ns = begin_ns + static_cast<uint64_t>(seconds * 1e9);
    uint64_t now_ns = begin_ns;
    try {
      for (; now_ns < end_ns; now_ns = NowNs()) {
        nodes_.nodes()[node]->Process(*samples[mine.calls++ % samples.size()], worker);
      }
    } catch (...) {
      mine.error = std::current_exception();
    }
    mine.seconds = static_cast<double>(now_ns - begin_ns) * 1e-9;
    mine.cpu_ns = ThreadCpuNs() - begin_cpu_ns;
  };
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(workers));
  for (int i = 0; i < workers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();

  AloneRate rate{workers, 0, 0};
  uint64_t calls = 0, cpu_ns = 0;
  for (const Done& one : done) {
    if (one.error) std::rethrow_exception(one.error);
    rate.images_per_s += static_cast<double>(one.calls) / one.seconds;
    calls += one.calls;
    cpu_ns += one.cpu_ns;
  }
  rate.cpu_us =
      static_cast<double>(cpu_ns) * 1e-3 / static_cast<double>(std::max<uint64_t>(1, calls));
  return rate;
}

}  // namespace flowtrain
