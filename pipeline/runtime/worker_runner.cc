#include "pipeline/runtime/worker_runner.h"

#include <utility>

namespace flowtrain::internal {

using tbb::flow::continue_msg;
using tbb::flow::unlimited;

// The body of the entry is a noexcept lambda: TBB runs a lightweight body in the
// sender's thread, without a task of its own, when it cannot throw.

WorkerRunner::WorkerRunner(tbb::flow::graph& graph, std::string name, int limit)
    : NodeRunner(std::move(name), limit),
      worker_(graph, unlimited,
              [this](Packet* packet, Worker::output_ports_type& ports) { Run(packet, ports); }),
      entry_(graph, unlimited, [this](Packet* packet) noexcept {
        if (gate_.Enter(packet, packet->arrived_ns)) Begin(packet);
        return continue_msg();
      }) {}

void WorkerRunner::Begin(Packet* packet) { worker_.try_put(packet); }

void WorkerRunner::SetLimit(int limit) {
  for (Packet* packet : gate_.SetLimit(limit)) Begin(packet);
}

void WorkerRunner::Run(Packet* packet, Worker::output_ports_type& ports) {
  Fate fate = Fate::kEnd;
  const Call call = Timed(*packet, [&](Call& made) { fate = Work(packet, made.bad); });
  if (fate != Fate::kEnd) packet->arrived_ns = call.end_ns;
  if (fate == Fate::kPass) std::get<0>(ports).try_put(packet);
  if (fate == Fate::kReject) std::get<1>(ports).try_put(packet);
  if (Packet* next = gate_.Leave(call)) Begin(next);
}

}  // namespace flowtrain::internal
