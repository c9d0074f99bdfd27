// Where the images of a loader without a trainer come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/source/epoch_plan.h"
#include "nodes/source/epoch_source.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Consumer;
class ImageDataset;

// Draws the same images in the same order as EpochSource, but without end, and from where its
// consumer says. Of several processes, that of `rank` gets every world_size-th batch, beginning with
// that of its number: together they get one process's batches.
//
// With a `gradient_accumulation` each gets its share of each optimiser step instead, the batches that
// this rank of a training would work on (EpochPlan). The last step of an epoch takes what is left,
// so it may have fewer batches for a process, or none.
//
// With drop_last each epoch ends with its last whole batch, and all ranks get as many batches.
// Without, the images left over come as one more batch, whose other rows have the id kNoImage; where
// the batches do not divide among the ranks, the epoch's first ones are used again.
//
// Output  ids     sample  as EpochSource.
// Memory  per sample slot: the encoded bytes of an image; none where the data set is mapped.
// Threads Process: any number; the rest one at a time.
//
// Example:
//   source: {type: LoaderSource, out: ids, workers: 6, options: {seed: 42, drop_last: true}}
class LoaderSource final : public SourceNode, public WaitsOutside {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError for a rank that does not exist, and for a data set with fewer images than a
  // batch, or an epoch or a step with fewer batches than ranks.
  void Open(const OpenContext& context) override;
  void Start() override { images_.Start(); }
  void Flush() override { images_.Flush(); }

  std::unique_ptr<Payload> NewPayload() override { return images_.NewPayload(); }
  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  void Substitute(Sample& sample) override { images_.Substitute(sample); }
  Outcome Process(Sample& sample, Worker& worker) override;
  uint64_t size() const override { return images_.size(); }
  OutsideWait outside_wait() const override { return images_.outside_wait(); }

  // After Open: batches of an epoch for this rank, and how many of them each optimiser step has.
  uint64_t batches_per_epoch() const { return batches_per_epoch_; }
  std::vector<int> windows() const;
  int64_t gradient_accumulation() const { return gradient_accumulation_; }
  int64_t seed() const { return seed_; }
  int64_t rank() const { return rank_; }
  int64_t world_size() const { return world_size_; }
  bool shuffle() const { return shuffle_; }
  bool drop_last() const { return drop_last_; }

 private:
  void BindImages();
  void ShareBatches(const OpenContext& context);
  void ShareSteps(const OpenContext& context);
  // Of the batches of an epoch that all ranks share, that of this rank with this number.
  uint64_t SharedBatch(uint64_t own) const;

  int64_t seed_ = 0, rank_ = 0, world_size_ = 0, gradient_accumulation_ = 0;  // options
  double max_bad_fraction_ = 0;
  bool shuffle_ = true, drop_last_ = true;

  EpochSource images_;  // orders and fetches them, and replaces those that cannot be read
  Consumer* consumer_ = nullptr;
  const ImageDataset* dataset_ = nullptr;
  uint64_t batches_ = 0;            // of an epoch, of all ranks
  uint64_t batches_per_epoch_ = 0;  // of this one
  std::optional<EpochPlan> plan_;   // with a gradient accumulation
};

}  // namespace flowtrain
