#include "nodes/train/fastest_micro_batch.h"

namespace flowtrain {

// The largest that fits may not be the fastest: under WSL2 the driver gives a GPU the host's memory
// too, which is slow. A smaller one must be clearly faster, since times vary.
int64_t FastestMicroBatch(int64_t window_images, int64_t least,
                          const std::function<std::optional<uint64_t>(int64_t)>& window_ns) {
  constexpr double kClearly = 0.9;
  constexpr int kTriesInVain = 2;
  int64_t best = least, micro_batch = window_images;
  std::optional<uint64_t> best_ns;
  for (int in_vain = 0; in_vain < kTriesInVain; micro_batch = (micro_batch + 1) / 2) {
    const std::optional<uint64_t> ns = window_ns(micro_batch);
    const bool better =
        ns && (!best_ns || static_cast<double>(*ns) < kClearly * static_cast<double>(*best_ns));
    if (better) {
      best = micro_batch;
      best_ns = ns;
    }
    in_vain = better || !best_ns ? 0 : in_vain + 1;
    if (micro_batch <= least) break;
  }
  return best;
}

}  // namespace flowtrain
