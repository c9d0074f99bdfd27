#include "pipeline/runtime/collate_runner.h"

#include <utility>

namespace flowtrain::internal {

using tbb::flow::continue_msg;
using tbb::flow::unlimited;

CollateRunner::CollateRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission,
                             CollateNode& node, std::string name, bool passes_on)
    : LaneRunner(graph, env.lane, std::move(name)),
      env_(env),
      admission_(admission),
      node_(node),
      passes_on_(passes_on),
      in_order_(graph, [](Packet* batch) { return static_cast<size_t>(batch->seq); }),
      rows_(graph, unlimited, [this](Packet* packet) noexcept {
        CountRow(static_cast<Sample*>(packet));
        return continue_msg();
      }) {}

void CollateRunner::ConnectWithin() { tbb::flow::make_edge(in_order_, LaneRunner::entry()); }

void CollateRunner::CountRow(Sample* sample) {
  Batch* batch = sample->batch;
  batch->ids[static_cast<size_t>(sample->row)] = sample->id;
  batch->labels[static_cast<size_t>(sample->row)] = sample->label;
  if (sample->payload != nullptr) sample->payload->Release();
  env_.samples.Release(sample);
  // Releases what this worker wrote to its row; whoever counts the last row acquires all of it.
  const int done = batch->rows_done.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (done == batch->layout.rows) {
    batch->arrived_ns = NowNs();
    in_order_.try_put(batch);
  }
  admission_.Pump();
}

Packet* CollateRunner::Work(Packet* packet) {
  auto& batch = static_cast<Batch&>(*packet);
  Guarded(env_, name(), batch, [&] { node_.Process(batch); });
  if (passes_on_) return packet;
  env_.batches.Release(&batch);
  admission_.Pump();
  return nullptr;
}

}  // namespace flowtrain::internal
