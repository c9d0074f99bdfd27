// How many images go through the network at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace flowtrain {

// Tries the whole window, half of it, a quarter, … down to `least`, and returns the fastest.
// `window_ns` has the time of a window computed in such micro-batches; empty: they do not fit.
int64_t FastestMicroBatch(int64_t window_images, int64_t least,
                          const std::function<std::optional<uint64_t>(int64_t)>& window_ns);

}  // namespace flowtrain
