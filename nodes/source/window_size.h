// How many batches of the loader make a window, the images of one optimiser step.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// What a gradient accumulation can be: a number of batches, or `auto`, where the device's memory
// decides how many images go through the network at a time.
inline constexpr char kAutoAccumulation[] = "auto";

// The names of its options in messages.
struct WindowNames {
  std::string accumulation = "gradient_accumulation";
  std::string effective_batch = "effective_batch";
  std::string batch_size = "batch_size";
};

// The number of batches of `batch_size` images in a window: `accumulation`; with `auto`, as many as
// make `effective_batch` images. An effective batch of 0 means none is given. Throws ConfigError
// for any other text, for numbers that do not divide, and for two numbers that contradict each
// other. Of several ranks each takes `accumulation` batches, and the window is theirs together.
int WindowSize(const std::string& accumulation, int64_t effective_batch, int64_t batch_size,
               const WindowNames& names = {}, int ranks = 1);

}  // namespace flowtrain
