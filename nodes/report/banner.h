// What a run says about itself before it starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace flowtrain {

struct BannerFacts {
  bool gpu = false;
  std::string device;             // "NVIDIA GeForce RTX 3060", "AMD EPYC, 4 cores"
  size_t device_bytes = 0;        // GPU: its memory
  size_t device_free_bytes = 0;   // GPU: what other programs leave; 0: all
  size_t device_limit_bytes = 0;  // GPU: the most of it that may be taken; 0: all
  std::string device_limited_by;  // what sets this limit
  bool cudnn_benchmark = false;
  std::string precision;       // "FP16", "BF16"; empty: FP32, mixed precision off
  int batch_size = 0;          // images per batch
  int accumulation = 1;        // batches per optimiser step; 0: nothing is trained
  int asked_accumulation = 0;  // more than that, where an epoch has fewer batches; else 0
  int last_accumulation = 0;   // fewer, in the last step of an epoch; 0: as many
  int passes = 0;              // of exact accumulation; 0: not said
  size_t graph_bytes = 0;      // what is kept for one pass
  int64_t negatives = 0;       // of an anchor; 0: the loss has none
  int64_t last_negatives = 0;  // fewer, in the last step of an epoch; 0: as many
  std::string learning_rate;   // "0.06 after a warm-up of 30 steps, …"; empty: nothing is trained
  std::string dataset;         // "STL-10, train + unlabeled: 105,000 images 96x96"
  int workers = 0;             // threads that decode and augment
  int sample_slots = 0;        // decoded images in memory at a time
  size_t pool_bytes = 0;       // ceiling of the sample slots and batch buffers
  size_t cache_bytes = 0;      // ceiling of the cache of decoded images; 0: there is none
  std::string run_dir;
  std::vector<std::string> inactive;  // configuration keys without effect on this machine
};

// The banner, one line per fact, aligned, with a newline at the end of each. Without `utf8` the
// marks are ASCII.
std::string FormatBanner(const BannerFacts& facts, bool utf8);

}  // namespace flowtrain
