// How many threads TBB runs, changed while it runs. Internal to the engine.
#pragma once

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace flowtrain::internal {

// An arena's size is const. What can change is TBB's ceiling for the whole process, the lowest of
// those in force: a ceiling below the arena's size takes threads out of it as their tasks end.
class LiveThreads {
 public:
  // `most`: the arena's size, which may be larger than the machine (tests oversubscribe).
  explicit LiveThreads(int most)
      : most_(static_cast<size_t>(most)),
        highest_(kCeiling, std::max(most_ + 1, tbb::global_control::active_value(kCeiling))) {}

  // After the arena is made.
  void Set(int threads) {
    lower_.reset();
    if (static_cast<size_t>(threads) >= most_) return;
    lower_ = std::make_unique<tbb::global_control>(kCeiling, static_cast<size_t>(threads));
  }

 private:
  static constexpr auto kCeiling = tbb::global_control::max_allowed_parallelism;
  const size_t most_;
  const tbb::global_control highest_;
  std::unique_ptr<tbb::global_control> lower_;
};

}  // namespace flowtrain::internal
