#include "nodes/source/epoch_source.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "nodes/data/cache/decoded_cache.h"
#include "nodes/distributed/launch/ranks.h"
#include "nodes/image/image_sample.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/black_pixel.h"
#include "nodes/source/list_left_out.h"
#include "nodes/source/window_size.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/form.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

constexpr int kMaxSubstitutes = 16;  // for one place; a chance of 1e-32 at 1 % bad images

std::string CheckWindow(const std::string& window) {
  try {
    WindowSize(window, window == kAutoAccumulation ? 1 : 0, 1);
    return {};
  } catch (const ConfigError&) {
    return '\'' + window + "' is not an integer >= 1 or auto";
  }
}

std::string PercentText(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", share * 100);
  return text;
}

// The options that say how many images there are.
std::string MoreImagesWith(DatasetKind kind, const OpenContext& context) {
  if (kind == DatasetKind::kSample) return context.NameOf("dataset", "sample_images");
  const std::string root = context.NameOf("dataset", "root");
  return kind == DatasetKind::kPacked ? root : root + " or " + context.NameOf("dataset", "splits");
}

}  // namespace

void EpochSource::Declare(NodeSpec& spec) {
  using Self = EpochSource;
  spec.Doc("Draws the images of the data set, every epoch in a new order, and fetches their bytes.")
      .Output("ids", Stream::kSample)
      .Uses("dataset", "ImageDataset")
      .MayUse("cache", "DecodedCache")
      .MayUse("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup")
      .Option(&Self::epochs_, "epochs", 100, "Passes over the data set.", AtLeast{1})
      .Option(&Self::max_steps_, "max_steps", 0,
              "Optimiser steps before the run ends; 0: no limit but the epochs.", AtLeast{0})
      .Option(
          &Self::window_, "window", "1",
          "Batches per optimiser step (gradient accumulation), or auto: as effective_batch says.",
          Form{CheckWindow, "an integer >= 1, or auto"})
      .Option(&Self::effective_batch_, "effective_batch", 0,
              "Images per optimiser step; 0: window times the batch size.", AtLeast{0})
      .Option(&Self::seed_, "seed", 42, "Seed of the order and of the augmentation.")
      .Option(&Self::start_step_, "start_step", 0,
              "Optimiser steps already done by the run that this one continues.", AtLeast{0})
      .Option(&Self::max_bad_fraction_, "max_bad_fraction", 0.01,
              "Unreadable images, as a share of the data set, before the run ends.", Between{0, 1});
}

void EpochSource::Open(const OpenContext& context) {
  dataset_ = &context.Get<ImageDataset>("dataset");
  cache_ = context.TryGet<DecodedCache>("cache");
  if (cache_ != nullptr && !cache_->enabled()) cache_ = nullptr;
  run_dir_ = context.TryGet<RunDir>("run_dir");
  if (run_dir_ != nullptr) bad_images_.ListIn(&run_dir_->bad_images());
  uint64_t rows = static_cast<uint64_t>(context.layout().rows);
  if (few_allowed_) rows = std::clamp<uint64_t>(dataset_->size(), 1, rows);
  if (dataset_->size() < rows) {
    throw ConfigError("the data set has " + ShowCount(dataset_->size()) +
                      (dataset_->size() == 1 ? " image" : " images") +
                      ", fewer than one batch of " + ShowCount(rows) + ": lower " +
                      context.NameInStage("batch_size") + ", or give it more images with " +
                      MoreImagesWith(dataset_->kind(), context));
  }
  const auto* ranks = context.TryGet<Ranks>("ranks");
  const int rank = ranks == nullptr ? 0 : ranks->rank();
  ranks_ = ranks == nullptr ? 1 : ranks->ranks();
  plan_.emplace(dataset_->size() / rows,
                WindowSize(window_, effective_batch_, static_cast<int64_t>(rows),
                           {context.NameOf("window"), context.NameOf("effective_batch"),
                            context.NameInStage("batch_size")},
                           ranks_),
                rank, ranks_);
  if (plan_->whole_window() < ranks_) RefuseIdleRanks(context);
  rows_ = context.layout().rows;
  if (plan_->batches_per_epoch() < plan_->asked_window()) WarnOfShortWindows(context);
  total_steps_ = static_cast<uint64_t>(epochs_) * plan_->steps_per_epoch();
  if (max_steps_ != 0) total_steps_ = std::min(total_steps_, static_cast<uint64_t>(max_steps_));
  length_names_ = context.NameOf("epochs") + ", " + context.NameOf("max_steps");
  max_bad_name_ = context.NameOf("max_bad_fraction");
  run_ = &context.run();
  MakeOrder();
  Resume(static_cast<uint64_t>(start_step_));
}

void EpochSource::MakeOrder() {
  const uint64_t batches = plan_->FirstBatch(total_steps_);
  const EpochPlace end{batches / plan_->batches_per_epoch(),
                       batches % plan_->batches_per_epoch() * static_cast<uint64_t>(rows_)};
  order_.emplace(size(), static_cast<uint64_t>(seed_), dataset_->Blocks(), end,
                 [this](const std::vector<uint32_t>& blocks) { dataset_->Expect(blocks); });
}

void EpochSource::WarnOfShortWindows(const OpenContext& context) const {
  const uint64_t batches = plan_->batches_per_epoch(), rows = static_cast<uint64_t>(rows_);
  LogWarning("an epoch has " + ShowCount(batches) + (batches == 1 ? " batch" : " batches") +
             ", fewer than the " + ShowCount(plan_->asked_window()) + " of a step that " +
             context.NameOf("window") + " asks for: every step takes " + ShowCount(batches * rows) +
             " images, not " + ShowCount(plan_->asked_window() * rows) + ". Lower " +
             context.NameOf("window") + " or " + context.NameInStage("batch_size") +
             ", or give the data set more images");
}

void EpochSource::RefuseIdleRanks(const OpenContext& context) const {
  throw ConfigError("a step has " + ShowCount(static_cast<uint64_t>(plan_->whole_window())) +
                    " batches, fewer than the " + std::to_string(ranks_) +
                    " ranks, some of which would have nothing to do: lower " +
                    context.NameInStage("batch_size") +
                    ", give the data set more images, or start fewer ranks");
}

void EpochSource::Start() {
  if (run_dir_ != nullptr) ListLeftOut(*dataset_, *run_dir_);
}

void EpochSource::Flush() {
  if (bad_images_.count() == 0) return;
  LogWarning(
      ShowCount(bad_images_.count()) + " of " + ShowCount(size()) +
      " images could not be used; others were trained on in their place:" + bad_images_.NameSome());
}

void EpochSource::Resume(uint64_t steps_done) {
  if (steps_done > total_steps_) {
    throw DataError("cannot continue after step " + ShowCount(steps_done) + ": the run has " +
                    ShowCount(total_steps_) + " steps, as " + length_names_ + " say");
  }
  first_step_ = steps_done;
}

bool EpochSource::AdmitBatch(Batch& batch) {
  dataset_->CheckFiles();
  const PlannedBatch planned = plan_->At(plan_->FirstBatch(first_step_) + batch.seq);
  if (planned.step >= total_steps_) return false;
  batch.seed = static_cast<uint64_t>(seed_);
  batch.epoch = planned.epoch;
  batch.step = planned.step;
  batch.steps_per_epoch = plan_->steps_per_epoch();
  batch.total_steps = total_steps_;
  batch.in_window = planned.in_window;
  batch.window = planned.window;
  batch.window_over_all = planned.window_over_all;
  batch.spare = planned.spare;
  batch.last_of_epoch = planned.last_of_epoch;
  return true;
}

void EpochSource::AdmitSample(Sample& sample) {
  const Batch& batch = *sample.batch;
  const uint64_t number = plan_->FirstBatch(batch.step) + static_cast<uint64_t>(batch.in_window);
  const uint64_t rows = static_cast<uint64_t>(batch.layout.rows);
  sample.epoch = batch.epoch;
  sample.position = plan_->At(number).batch * rows + static_cast<uint64_t>(sample.row);
  sample.seed = batch.seed;
  sample.id = order_->Admit({sample.epoch, sample.position});
}

void EpochSource::Substitute(Sample& sample) {
  dataset_->CheckFiles();  // throws if it is not this image's fault
  const BadImage bad{sample.id, dataset_->ImageName(sample.id), sample.error};
  const bool is_new = bad_images_.Add(bad);
  if (bad_images_.count() > AllowedBad()) GiveUp("more than " + max_bad_name_ + " allows");
  if (sample.attempt > kMaxSubstitutes) {
    GiveUp("and " + std::to_string(kMaxSubstitutes) +
           " replacements in a row could not be used either");
  }
  if (is_new && bad_images_.count() == 1) WarnOf(bad);
  // The stream of the place, and within it the draw of the attempt.
  Rng rng({sample.seed, sample.epoch, sample.position, kSubstitute});
  const EpochPlace place{sample.epoch, sample.position};
  for (int attempt = 1; attempt < sample.attempt; ++attempt) order_->Draw(place, rng);
  sample.id = order_->Draw(place, rng);
}

Outcome EpochSource::Process(Sample& sample, Worker&) {
  ImageSample& image = ImageOf(sample);
  image.decoded = cache_ != nullptr && TakeFromCache(sample, image);
  if (!image.decoded) {
    image.encoded = Fetch(sample, image);
    sample.label = image.encoded.label;
    if (!image.encoded.error.empty()) return Bad(std::move(image.encoded.error));
  }
  order_->Done({sample.epoch, sample.position});
  return Ok();
}

// The run ends where a shard cannot be had, after a whole step: what was done stays good.
EncodedImage EpochSource::Fetch(const Sample& sample, ImageSample& image) const {
  if (!order_->is_of_downloads()) return dataset_->Fetch(sample.id, image.file_bytes);
  const auto end_with = [&](std::exception_ptr error) {
    run_->EndWith(std::move(error));
    BecomeBlackPixel(image);  // its window is dropped
    return EncodedImage{};
  };
  try {
    return dataset_->Fetch(sample.id, image.file_bytes);
  } catch (const Interrupted&) {
    return end_with(nullptr);
  } catch (const DataError&) {
    return end_with(std::current_exception());
  }
}

OutsideWait EpochSource::outside_wait() const {
  if (!order_ || !order_->is_of_downloads()) return {};
  const std::optional<DownloadWait> wait = dataset_->Downloads();
  if (!wait) return {};
  return {"downloads", static_cast<uint64_t>(wait->seconds * 1e9), wait->bytes};
}

bool EpochSource::TakeFromCache(Sample& sample, ImageSample& image) const {
  CacheHandle cached = cache_->Find(sample.id);
  if (!cached) return false;
  image.encoded = {};
  static_cast<Pixels&>(image.image) = cached->pixels();
  sample.label = cached->label();
  image.hold = std::move(cached).ToHold();
  return true;
}

// Of the first one at once; the end of the run sums them up.
void EpochSource::WarnOf(const BadImage& bad) const {
  const std::string path = bad_images_.path();
  LogWarning("an image cannot be used: " + bad.name + ": " + bad.why +
             (path.empty() ? "" : "\n  It and any others are listed in " + path));
}

uint64_t EpochSource::AllowedBad() const {
  if (max_bad_fraction_ <= 0) return 0;
  const auto share = static_cast<uint64_t>(max_bad_fraction_ * static_cast<double>(size()));
  return std::max<uint64_t>(1, share);
}

void EpochSource::GiveUp(const std::string& reason) const {
  const uint64_t bad = bad_images_.count();
  const double share = static_cast<double>(bad) / static_cast<double>(size());
  throw DataError(ShowCount(bad) + " of " + ShowCount(size()) + " images (" + PercentText(share) +
                  ") cannot be used, " + reason + ":" + bad_images_.NameSome() +
                  "\nRepair or delete these files, or raise " + max_bad_name_ + " from " +
                  PercentText(max_bad_fraction_));
}

FLOWTRAIN_REGISTER(EpochSource);

}  // namespace flowtrain
