// Where samples come from: each epoch once through the data set in a new random order.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "nodes/source/dataset.h"
#include "pipeline/node.h"
#include "pipeline/philox.h"

namespace flowtrain {

// An epoch has floor(images / batch size) whole batches; a window takes `window` of them, the last
// of an epoch may take fewer. The order is a permutation keyed by (seed, epoch), so it is the same
// for any worker counts and after a resume. An unreadable image is replaced by one drawn from
// (seed, epoch, position, attempt).
//
// Output  ids  sample  encoded bytes: a view of a mapping, or read into the sample.
// Threads any number for the bytes; admission is serial and does no I/O.
//
// Example:
//   source: {type: EpochSource, out: ids, workers: 4, options: {epochs: 100, window: 4}}
class EpochSource final : public SourceNode {
 public:
  static void Declare(NodeSpec& spec);

  // Throws ConfigError when the data set has fewer images than a batch.
  void Open(const OpenContext& context) override;
  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  // Notes the image as bad. Throws DataError when there are more bad images than `max_bad_fraction`
  // allows.
  void Substitute(Sample& sample) override;
  Outcome Process(Sample& sample, Worker& worker) override;
  uint64_t size() const override;

  // Unreadable images so far: file or picture, and why.
  std::map<std::string, std::string> bad_images() const;
  uint64_t steps_per_epoch() const { return steps_per_epoch_; }

 private:
  void NoteBad(const Sample& sample);
  void ShuffleFor(uint64_t epoch);

  int64_t epochs_ = 0, max_steps_ = 0, window_ = 1, seed_ = 0, start_step_ = 0;  // options
  double max_bad_fraction_ = 0;

  const ImageSet* images_ = nullptr;
  uint64_t rows_ = 0, batches_per_epoch_ = 0, steps_per_epoch_ = 0;
  uint64_t first_batch_ = 0;  // of the run's batches, where it goes on from a checkpoint
  uint64_t shuffled_epoch_ = 0;
  Permutation order_{1, {}};

  mutable std::mutex bad_mutex_;
  std::map<uint64_t, std::string> bad_;  // by image id: why
};

}  // namespace flowtrain
