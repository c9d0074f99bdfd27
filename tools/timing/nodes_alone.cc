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

constexpr int kSamplesAThread = 48;  // more than one, so that a node's time is that of many images

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
    : graph_(OnThreads(def, most_workers), registry, run_) {
  graph_.Open();
  for (const NodeDef& node : def.nodes) {
    Component* component = graph_.Find(node.name);
    if (auto* sample_node = dynamic_cast<SampleNode*>(component)) nodes_.push_back(sample_node);
    if (auto* collate = dynamic_cast<CollateNode*>(component)) stage_ = collate;
  }
  source_ = dynamic_cast<SourceNode*>(nodes_.front());
  for (const ComponentDef& resource : def.resources) {
    resources_.push_back(dynamic_cast<Resource*>(graph_.Find(resource.name)));
    resources_.back()->OnWorkerThread();
  }
  for (SampleNode* node : nodes_) node->Start();
  for (int i = 0; i < most_workers; ++i) {
    prepared_.push_back(std::make_unique<Prepared>());
    Prepare(*prepared_.back());
  }
}

NodesAlone::~NodesAlone() {
  prepared_.clear();  // samples may hold what is the nodes'
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) (*node)->Close();
}

void NodesAlone::Prepare(Prepared& prepared) {
  prepared.batch.layout = stage_->Layout();
  const int rows = prepared.batch.layout.rows;
  prepared.buffer = stage_->Allocate(prepared.batch.layout.bytes());
  prepared.batch.buffer = prepared.buffer.get();
  prepared.batch.ids.resize(static_cast<size_t>(rows));
  prepared.batch.labels.resize(static_cast<size_t>(rows));
  for (int i = 0; i < kSamplesAThread; ++i) {
    if (i % rows == 0) {
      prepared.batch.seq = batches_++;
      if (!source_->AdmitBatch(prepared.batch)) throw DataError("the source has no more images");
    }
    auto sample = std::make_unique<Sample>();
    Admit(*sample, prepared.batch, i % rows);
    prepared.samples.push_back(std::move(sample));
  }
}

void NodesAlone::Admit(Sample& sample, Batch& batch, int row) {
  sample.seq = samples_++;
  sample.batch = &batch;
  sample.row = row;
  source_->AdmitSample(sample);
  Worker worker;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->Process(sample, worker).ok) continue;
    ++sample.attempt;
    source_->Substitute(sample);
    i = static_cast<size_t>(-1);  // from the source on, as in a run
  }
}

AloneRate NodesAlone::Measure(size_t node, int workers, double seconds) {
  std::vector<Done> done(static_cast<size_t>(workers));
  std::barrier start(workers);
  const auto work = [&](int index) {
    for (Resource* resource : resources_) resource->OnWorkerThread();
    Done& mine = done[static_cast<size_t>(index)];
    auto& samples = prepared_[static_cast<size_t>(index)]->samples;
    Worker worker{index};
    start.arrive_and_wait();
    const uint64_t begin_ns = NowNs(), begin_cpu_ns = ThreadCpuNs();
    const uint64_t end_ns = begin_ns + static_cast<uint64_t>(seconds * 1e9);
    uint64_t now_ns = begin_ns;
    try {
      for (; now_ns < end_ns; now_ns = NowNs()) {
        nodes_[node]->Process(*samples[mine.calls++ % samples.size()], worker);
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
