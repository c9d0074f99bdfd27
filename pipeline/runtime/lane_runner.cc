#include "pipeline/runtime/lane_runner.h"

#include <utility>

namespace flowtrain::internal {

using tbb::flow::continue_msg;
using tbb::flow::unlimited;

LaneRunner::LaneRunner(tbb::flow::graph& graph, Lane& lane, std::string name)
    : NodeRunner(std::move(name), 1),
      lane_(lane),
      async_(graph, unlimited,
             [this](Packet* packet, Async::gateway_type& gateway) noexcept {
               gateway.reserve_wait();
               lane_.Post([this, packet] { Run(packet); });  // small enough not to allocate
             }),
      entry_(graph, unlimited, [this](Packet* packet) noexcept {
        Arrive(packet);
        return continue_msg();
      }) {}

void LaneRunner::Submit(Packet* packet) {
  if (gate_.Enter(packet)) async_.try_put(packet);
}

void LaneRunner::Run(Packet* packet) {
  Async::gateway_type& gateway = async_.gateway();
  Packet* result = nullptr;
  const Call call = Timed(*packet, [&](Call&) { result = Work(packet); });
  if (result != nullptr) {
    result->arrived_ns = call.end_ns;
    gateway.try_put(result);
  }
  if (Packet* next = gate_.Leave(call)) async_.try_put(next);
  gateway.release_wait();  // last: the graph may be at rest, and gone, right after
}

}  // namespace flowtrain::internal
