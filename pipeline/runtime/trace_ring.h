// The last calls of a run, each with its times: what a timeline is drawn from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "pipeline/node/packet.h"

namespace flowtrain {

// One Process call.
struct TraceCall {
  uint16_t node = 0;  // index in the order of the flow
  Stream stream = Stream::kSample;
  uint64_t seq = 0;                                   // of the packet
  uint64_t arrived_ns = 0, begin_ns = 0, end_ns = 0;  // of the engine's clock
  int thread = 0;                                     // small number of the thread; set by Add
};

// Keeps the last calls of each thread, the oldest overwritten: at most 48 bytes x `calls_a_thread`
// x threads (32 of them at most). Thread-safe.
class TraceRing {
 public:
  explicit TraceRing(size_t calls_a_thread) : shard_calls_(calls_a_thread) {}

  void Add(TraceCall call);

  // The calls kept, by begin.
  std::vector<TraceCall> Calls() const;
  uint64_t dropped() const;  // calls that were overwritten

 private:
  // A thread writes to one shard, so that threads seldom contend.
  static constexpr size_t kShards = 32;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::vector<TraceCall> calls;
    uint64_t added = 0;
  };

  const size_t shard_calls_;
  std::array<Shard, kShards> shards_;
};

}  // namespace flowtrain
