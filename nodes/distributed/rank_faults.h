// What became of a rank that no longer takes part.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "nodes/distributed/rank_store.h"

namespace flowtrain {

// Tells the others every second that this process lives, and how many collective calls it has made;
// and, at once, that it wants all of them to stop. It hears within a second where one of them wants that
// or has failed; rank 0 looks whether the hearts of all beat, and speaks for one that has not for
// `silence_s`.
class Heartbeat {
 public:
  Heartbeat(const RankStore& store, int rank, int ranks, double silence_s);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void CountCall() { state_->calls.fetch_add(1, std::memory_order_relaxed); }
  void AskToStop() { state_->ask.store(true, std::memory_order_relaxed); }
  bool asked_to_stop() const { return state_->asked.load(std::memory_order_relaxed); }

 private:
  struct State {
    std::atomic<bool> stop{false}, ended{false};
    std::atomic<bool> ask{false}, asked{false};  // all ranks to stop
    std::atomic<uint64_t> calls{0};
  };
  std::shared_ptr<State> state_;
};

// This process ends because of `why`: the others, which wait for it, are told.
void TellOfFailure(RankStore& store, int rank, const std::string& why);

bool HasToldOfFailure(RankStore& store, int rank);

// What can be seen of the others while a call takes long: the failure that another rank has told of,
// or the ranks whose heart no longer beats. Empty: all live. Takes up to four seconds.
std::string WhoIsLost(const RankStore& store, int rank, int ranks);

// Why a collective call failed with `error`: WhoIsLost, or else what the error itself says.
std::string WhyLost(const RankStore& store, int rank, int ranks, const std::string& error);

// Waits until the key that a rank sets is there, as long as its heart beats. False once that has not
// for `timeout_s`, or that rank has told of a failure.
bool AwaitKeyOf(const RankStore& store, int rank, const std::string& key, double timeout_s);

}  // namespace flowtrain
