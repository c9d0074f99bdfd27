#include "nodes/source/epoch_source.h"

#include <algorithm>
#include <utility>

#include "pipeline/error.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"

namespace flowtrain {
namespace {

constexpr int kMostAttempts = 64;  // substitutes in a row: with 1% bad images a chance of 1e-128

std::string Percent(double share) {
  std::string text = std::to_string(share * 100);
  text.erase(text.find('.') + 3);
  return text + " %";
}

}  // namespace

void EpochSource::Declare(NodeSpec& spec) {
  spec.Doc("Goes through the data set once an epoch, in a new random order each time.")
      .Output("ids", Stream::kSample)
      .Uses("dataset", "ImageDataset")
      .Option(&EpochSource::epochs_, "epochs", int64_t{100}, "Passes over the data set.",
              AtLeast{1})
      .Option(&EpochSource::max_steps_, "max_steps", int64_t{0},
              "Optimiser steps before the run ends; 0: no limit.", AtLeast{0})
      .Option(&EpochSource::window_, "window", int64_t{1}, "Micro-batches an optimiser step.",
              Between{1, 1e6})
      .Option(&EpochSource::seed_, "seed", int64_t{42}, "Of the order and of every random draw.",
              AtLeast{0})
      .Option(&EpochSource::start_step_, "start_step", int64_t{0},
              "Optimiser steps that were done before this run began.", AtLeast{0})
      .Option(&EpochSource::max_bad_fraction_, "max_bad_fraction", 0.01,
              "Unreadable images, as a share of the data set, before the run ends.", Between{0, 1});
}

void EpochSource::Open(const OpenContext& context) {
  images_ = &context.Get<ImageDataset>("dataset").train();
  rows_ = static_cast<uint64_t>(context.layout().rows);
  batches_per_epoch_ = size() / rows_;
  if (batches_per_epoch_ == 0) {
    throw ConfigError("the data set has " + std::to_string(size()) +
                      " images, fewer than a batch of " + std::to_string(rows_) +
                      ": lower data.batch_size");
  }
  const auto window = static_cast<uint64_t>(window_);
  steps_per_epoch_ = (batches_per_epoch_ + window - 1) / window;
  const auto start = static_cast<uint64_t>(start_step_);
  first_batch_ = start / steps_per_epoch_ * batches_per_epoch_ + start % steps_per_epoch_ * window;
  shuffled_epoch_ = ~uint64_t{0};
}

bool EpochSource::AdmitBatch(Batch& batch) {
  const uint64_t number = first_batch_ + batch.seq;  // of the whole training
  const uint64_t epoch = number / batches_per_epoch_, in_epoch = number % batches_per_epoch_;
  const auto window = static_cast<uint64_t>(window_);
  const uint64_t step = epoch * steps_per_epoch_ + in_epoch / window;
  if (epoch >= static_cast<uint64_t>(epochs_)) return false;
  if (max_steps_ > 0 && step >= static_cast<uint64_t>(max_steps_)) return false;
  const uint64_t window_start = in_epoch / window * window;
  batch.epoch = epoch;
  batch.step = step;
  batch.steps_per_epoch = steps_per_epoch_;
  batch.micro = static_cast<int>(in_epoch - window_start);
  batch.window = static_cast<int>(std::min(window, batches_per_epoch_ - window_start));
  batch.last_of_epoch = in_epoch + 1 == batches_per_epoch_;
  if (epoch != shuffled_epoch_) ShuffleFor(epoch);
  return true;
}

void EpochSource::AdmitSample(Sample& sample) {
  const uint64_t in_epoch = (first_batch_ + sample.batch->seq) % batches_per_epoch_;
  sample.epoch = sample.batch->epoch;
  sample.position = in_epoch * rows_ + static_cast<uint64_t>(sample.row);
  sample.seed = static_cast<uint64_t>(seed_);
  sample.id = order_(sample.position);
}

void EpochSource::Substitute(Sample& sample) {
  NoteBad(sample);
  if (sample.attempt > kMostAttempts) {
    throw DataError("no readable image was found in " + std::to_string(kMostAttempts) +
                    " draws; the last one was " + images_->Name(sample.id) + ": " + sample.error);
  }
  // A stream for each attempt; the position, not the id, tells two places of an epoch apart.
  Rng rng({.seed = sample.seed,
           .stream = sample.epoch * (kMostAttempts + 1) + static_cast<uint64_t>(sample.attempt),
           .id = sample.position,
           .purpose = kSubstitute});
  sample.id = rng.Below(size());
}

Outcome EpochSource::Process(Sample& sample, Worker&) {
  EncodedImage image = images_->Fetch(sample.id, sample.file_bytes);
  if (!image.error.empty()) return Bad(std::move(image.error));
  sample.encoded = image.bytes;
  sample.label = image.label;
  sample.height = image.height;
  sample.width = image.width;
  return Ok();
}

uint64_t EpochSource::size() const { return images_->size(); }

std::map<std::string, std::string> EpochSource::bad_images() const {
  const std::lock_guard lock(bad_mutex_);
  std::map<std::string, std::string> named;
  for (const auto& [id, why] : bad_) named[images_->Name(id)] = why;
  return named;
}

void EpochSource::NoteBad(const Sample& sample) {
  const std::lock_guard lock(bad_mutex_);
  const bool is_new = bad_.emplace(sample.id, sample.error).second;
  if (is_new) {
    LogWarning("image " + images_->Name(sample.id) + " cannot be used (" + sample.error +
               "): another takes its place");
  }
  const double share = static_cast<double>(bad_.size()) / static_cast<double>(size());
  // One bad image in a small set may be more than the share; only a share of 0 means none at all.
  if (share <= max_bad_fraction_ || (bad_.size() == 1 && max_bad_fraction_ > 0)) return;
  std::string text = std::to_string(bad_.size()) + " of " + std::to_string(size()) + " images (" +
                     Percent(share) + ") cannot be read, more than data.max_bad_fraction allows (" +
                     Percent(max_bad_fraction_) + "):";
  int shown = 0;
  for (const auto& [id, why] : bad_) {
    if (++shown > 5) break;
    text += "\n  " + images_->Name(id) + ": " + why;
  }
  throw DataError(text + "\nMend or remove them, or raise data.max_bad_fraction.");
}

void EpochSource::ShuffleFor(uint64_t epoch) {
  shuffled_epoch_ = epoch;
  order_ = Permutation(
      size(), {.seed = static_cast<uint64_t>(seed_), .stream = epoch, .purpose = kShuffle});
}

FLOWTRAIN_REGISTER_NODE(EpochSource);

}  // namespace flowtrain
