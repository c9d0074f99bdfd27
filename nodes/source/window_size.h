// How many batches of the loader make a window, the images of one optimiser step.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// What a gradient accumulation can be: a number of batches, or `auto`, which leaves the number
// that goes through the network at a time to the device's memory.
inline constexpr char kAutoAccumulation[] = "auto";

// What messages call its options.
struct WindowNames {
  std::string accumulation = "gradient_accumulation";
  std::string effective_batch = "effective_batch";
  std::string batch_size = "batch_size";
};

// Batches of `batch_size` images a window of `accumulation` batches has; with `auto`, of
// `effective_batch` images. An effective batch of 0 is not given. Throws ConfigError for another
// text, for what does not divide, and for two numbers that contradict each other.
int WindowSize(const std::string& accumulation, int64_t effective_batch, int64_t batch_size,
               const WindowNames& names = {});

}  // namespace flowtrain
