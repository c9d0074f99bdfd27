// Where training images come from: every epoch the whole data set in a new order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nodes/data/bad_images.h"
#include "nodes/data/dataset.h"
#include "nodes/image/image_sample.h"
#include "nodes/source/epoch_order.h"
#include "nodes/source/epoch_plan.h"
#include "pipeline/node/node.h"
#include "pipeline/node/outside_wait.h"

namespace flowtrain {

class DecodedCache;
class RunControl;
class RunDir;

// Draws images epoch by epoch and fetches their bytes.
//
// An epoch is floor(images / batch) batches, in an order drawn from the seed and the epoch
// (EpochOrder); the images left over are different each time. Batches go in windows of `window`, one
// optimiser step each (see WindowSize for `auto`); the last window of an epoch takes what is left.
// Several ranks share each window, and together draw the images that one alone would draw. An image that
// cannot be read is replaced by another, drawn from the seed and its place, and listed in the run
// directory's bad_images.csv.
//
// Output  ids     sample  encoded bytes, their label, height and width where they are known;
//                         of an image that the cache holds, its pixels.
// Memory  per sample slot: the encoded bytes of an image; none where the data set is mapped.
// Threads Process: any number; the rest one at a time.
//
// Example:
//   source: {type: EpochSource, out: ids, workers: 6, options: {epochs: 100, window: 4}}
class EpochSource final : public SourceNode, public WaitsOutside {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError when the data set has fewer images than a batch, unless these may be fewer.
  void Open(const OpenContext& context) override;
  // A source that fills up batches itself can do with fewer images than one has.
  void AllowFewImages() { few_allowed_ = true; }
  void Start() override;
  void Flush() override;

  // Continues where a run stopped after `steps_done` optimiser steps: to be called after Open and
  // before the first batch. Throws DataError when the run would have ended before.
  void Resume(uint64_t steps_done);

  std::unique_ptr<Payload> NewPayload() override { return std::make_unique<ImageSample>(); }
  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  // The image at a place of the order, for a source that decides itself how far it goes.
  uint64_t AdmitAt(EpochPlace place) { return order_->Admit(place); }
  // Throws DataError when too many images are unreadable.
  void Substitute(Sample& sample) override;
  Outcome Process(Sample& sample, Worker& worker) override;
  uint64_t size() const override { return dataset_->size(); }
  OutsideWait outside_wait() const override;

  const EpochPlan& plan() const { return *plan_; }
  int rows() const { return rows_; }                     // images of a batch
  uint64_t first_step() const { return first_step_; }    // the run makes the steps from this one
  uint64_t total_steps() const { return total_steps_; }  // to the one before this
  const BadImages& bad_images() const { return bad_images_; }

 private:
  void WarnOfShortWindows(const OpenContext& context) const;
  [[noreturn]] void RefuseIdleRanks(const OpenContext& context) const;
  void MakeOrder();
  bool TakeFromCache(Sample& sample, ImageSample& image) const;
  EncodedImage Fetch(const Sample& sample, ImageSample& image) const;
  uint64_t AllowedBad() const;
  void WarnOf(const BadImage& bad) const;
  [[noreturn]] void GiveUp(const std::string& reason) const;

  int64_t epochs_ = 0, max_steps_ = 0;
  std::string window_;
  int64_t effective_batch_ = 0, seed_ = 0, start_step_ = 0;
  double max_bad_fraction_ = 0;

  std::string length_names_, max_bad_name_;  // in messages
  ImageDataset* dataset_ = nullptr;
  const DecodedCache* cache_ = nullptr;  // null: there is none, or it keeps nothing
  RunDir* run_dir_ = nullptr;            // null: there is none
  RunControl* run_ = nullptr;
  BadImages bad_images_{"training"};
  std::optional<EpochPlan> plan_;
  bool few_allowed_ = false;
  int rows_ = 0;
  int ranks_ = 1;
  uint64_t total_steps_ = 0;  // of the run
  uint64_t first_step_ = 0;
  std::optional<EpochOrder> order_;
};

}  // namespace flowtrain
