// Runs a node: a Gate before TBB nodes that never reject. Internal to the engine.
//
//   worker    entry (function_node, runs in the sender) > Gate > worker (multifunction_node,
//             unlimited)
//   lane      entry > Gate > async_node, whose body posts to the device lane
//   collate   entry counts rows and sends samples home; sequencer_node > lane runner
//   window    entry waits for the model lease and a step slot > lane runner
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <string>

#include "pipeline/base/clock.h"
#include "pipeline/node/packet.h"
#include "pipeline/runtime/gate.h"
#include "pipeline/runtime/trace_ring.h"

namespace flowtrain::internal {

// What every runner offers to the builder.
class NodeRunner {
 public:
  NodeRunner(std::string name, int limit) : gate_(limit), name_(std::move(name)) {}
  virtual ~NodeRunner() = default;
  NodeRunner(const NodeRunner&) = delete;
  NodeRunner& operator=(const NodeRunner&) = delete;

  virtual tbb::flow::receiver<Packet*>& entry() = 0;
  virtual tbb::flow::sender<Packet*>* exit() { return nullptr; }  // nullptr: packets end here
  virtual bool on_lane() const = 0;
  virtual Stream stream() const = 0;  // of the packets it takes
  // Makes the edges inside the runner. Not done in a constructor: an edge spawns a task, and a
  // constructor that runs out of memory would leave that task behind.
  virtual void ConnectWithin() {}

  const std::string& name() const { return name_; }
  Gate& gate() { return gate_; }
  NodeCounters counters() const;
  void SetSerial() { serial_ = true; }
  // Changes how many calls run at a time, in a graph that runs.
  virtual void SetLimit(int) {}
  // Reports calls to `trace` from now on, as those of node `index`. Call before the first packet.
  void SetTrace(TraceRing* trace, uint16_t index);

 protected:
  // Runs `work` on a packet that arrived and returns its times; reports them to the trace.
  template <typename Work>
  Call Timed(const Packet& packet, Work&& work);

  Gate gate_;

 private:
  const std::string name_;
  std::atomic<uint64_t> last_service_ns_{0};
  TraceRing* trace_ = nullptr;
  uint16_t index_ = 0;
  bool serial_ = false;
};

// Of this many samples one has the CPU time of its call measured. Reading it twice takes 0.75 us,
// which is to stay below 1/400 of the calls' time.
inline uint64_t CpuPeriod(uint64_t service_ns) {
  if (service_ns >= 1'000'000) return 1;
  if (service_ns >= 100'000) return 4;
  return service_ns >= 8'000 ? 32 : 256;
}

template <typename Work>
Call NodeRunner::Timed(const Packet& packet, Work&& work) {
  Call call;
  // The packet may belong to others once the work is done.
  const uint64_t arrived_ns = packet.arrived_ns, seq = packet.seq;
  const Stream stream = packet.stream;
  call.cpu_measured = stream != Stream::kSample ||
                      seq % CpuPeriod(last_service_ns_.load(std::memory_order_relaxed)) == 0;
  const uint64_t cpu_ns = call.cpu_measured ? ThreadCpuNs() : 0;
  const uint64_t begin_ns = NowNs();
  work(call);
  call.end_ns = NowNs();
  if (call.cpu_measured) call.cpu_ns = ThreadCpuNs() - cpu_ns;
  call.service_ns = call.end_ns - begin_ns;
  last_service_ns_.store(call.service_ns, std::memory_order_relaxed);
  call.wait_ns = begin_ns > arrived_ns ? begin_ns - arrived_ns : 0;
  if (trace_ != nullptr) trace_->Add({index_, stream, seq, arrived_ns, begin_ns, call.end_ns});
  return call;
}

}  // namespace flowtrain::internal
