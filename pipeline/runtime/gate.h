// A limit on how many Process calls of a node run at a time, and the node's counters. A TBB node's
// own concurrency is const; a Gate's limit may change while the graph runs. It is put before an
// unlimited TBB node, so nothing is ever rejected (a rejected message would be lost).
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/base/clock.h"
#include "pipeline/base/ring_queue.h"
#include "pipeline/node/packet.h"
#include "pipeline/runtime/histogram.h"

namespace flowtrain {

// Figures of a node since the run began, or between two moments of it.
struct NodeCounters {
  std::string name;
  bool on_lane = false;
  bool serial = false;              // takes one packet at a time, whatever limit is set
  Stream stream = Stream::kSample;  // of the packets it takes
  int limit = 1;                    // Process calls at a time
  uint64_t messages = 0;            // Process calls that ended
  uint64_t bad = 0;                 // of them: the sample could not be used
  uint64_t service_ns = 0;          // sum over the calls
  uint64_t wait_ns = 0;       // sum over the packets of the time from arrival until the call begins
  uint64_t saturated_ns = 0;  // time with every call taken and a packet waiting
  uint64_t starved_ns = 0;    // time with another call allowed and no packet there
  uint64_t elapsed_ns = 0;
  // Of the calls whose CPU time was measured too: measuring it costs more than the rest together.
  uint64_t cpu_ns = 0, cpu_service_ns = 0;
  size_t queued = 0;         // packets waiting now
  size_t deepest_queue = 0;  // since the run began
  Histogram service, wait;

  double service_mean_us() const;  // per call; 0 without calls
  double busy() const;             // service time over elapsed x limit, 0 to 1
  double saturated() const;        // saturated_ns over elapsed_ns, 0 to 1
  double starved() const;          // starved_ns over elapsed_ns, 0 to 1
  double cpu_share() const;        // CPU time over service time, 0 to 1; 1 where not measured

  // What was counted after `earlier`, a state of the same node.
  NodeCounters Since(const NodeCounters& earlier) const;
};

// A Process call that ended.
struct Call {
  uint64_t end_ns = 0;      // of the engine's clock
  uint64_t service_ns = 0;  // how long it took
  uint64_t wait_ns = 0;     // how long its packet waited before
  bool bad = false;         // the sample could not be used
  bool cpu_measured = false;
  uint64_t cpu_ns = 0;  // CPU time of the thread in it, where measured
};

// Thread-safe; 0.25 us per packet. No caller may hold the gate's lock while it passes a packet on,
// so the gate only says what to dispatch and the caller does it.
class Gate {
 public:
  explicit Gate(int limit) : limit_(limit) {}

  // A packet arrived, at `now_ns` of the engine's clock. True: begin its call now. False: it waits
  // here.
  bool Enter(Packet* packet, uint64_t now_ns = NowNs());
  // A call ended. Returns the packet whose call begins in its place, or nullptr.
  Packet* Leave(const Call& call);
  // Changes the limit (>= 1). Returns waiting packets whose calls begin now.
  std::vector<Packet*> SetLimit(int limit);
  int limit() const;

  // Restarts the clock, with all counters at 0.
  void ResetCounters();
  NodeCounters counters() const;  // without name, on_lane, serial and stream

 private:
  // The share that the present state adds to, or nullptr.
  uint64_t* ShareNow(NodeCounters& figures) const;
  void Account(uint64_t now_ns);  // adds the time since the last change to it
  Packet* TakeWaiting();

  mutable std::mutex mutex_;
  int limit_;
  int busy_ = 0;
  RingQueue<Packet*> waiting_;
  uint64_t start_ns_ = 0, changed_ns_ = 0;
  NodeCounters figures_;
};

}  // namespace flowtrain
