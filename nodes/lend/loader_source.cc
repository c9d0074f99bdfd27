#include "nodes/lend/loader_source.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>

#include "nodes/data/dataset.h"
#include "nodes/distributed/launch/window_share.h"
#include "nodes/image/image_sample.h"
#include "nodes/lend/consumer.h"
#include "nodes/source/black_pixel.h"
#include "nodes/source/ordered_source.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

constexpr int64_t kEpochs = 1'000'000'000;  // it ends with its consumer
constexpr double kMostAccumulation = 1 << 20;

// Sets an option of a component that no graph names.
void Bind(const NodeSpec& spec, const std::string& name, const std::string& text,
          Component& component) {
  Value value;
  value.kind = Value::Kind::kScalar;
  value.scalar = text;
  for (const OptionSpec& option : spec.options) {
    if (option.name == name) option.assign(component, value);
  }
}

}  // namespace

void LoaderSource::Declare(NodeSpec& spec) {
  using Self = LoaderSource;
  spec.Doc("Draws the images of the data set, every epoch in a new order, for a loop outside.")
      .Output("ids", Stream::kSample)
      .Uses("consumer", "Consumer")
      .Uses("dataset", "ImageDataset")
      .MayUse("cache", "DecodedCache")
      .MayUse("run_dir", "RunDir")
      .Option(&Self::seed_, "seed", 42, "Seed of the order and of the augmentation.")
      .Option(&Self::shuffle_, "shuffle", true, "A new order every epoch; false: that of the set.")
      .Option(&Self::drop_last_, "drop_last", true,
              "Whole batches only; false: the images left over are a smaller last batch.")
      .Option(&Self::rank_, "rank", 0, "Number of this process among those that share an epoch.",
              AtLeast{0})
      .Option(&Self::world_size_, "world_size", 1, "Processes that share an epoch's batches.",
              AtLeast{1})
      .Option(&Self::gradient_accumulation_, "gradient_accumulation", 0,
              "Batches of each process in an optimiser step, which are those of a training's "
              "ranks; 0: each process gets every world_size-th batch.",
              Between{0, kMostAccumulation})
      .Option(&Self::max_bad_fraction_, "max_bad_fraction", 0.01,
              "Unreadable images, as a share of the data set, before the run ends.", Between{0, 1});
}

void LoaderSource::BindImages() {
  NodeSpec spec;
  EpochSource::Declare(spec);
  spec.SetDefaults(images_);
  Bind(spec, "seed", std::to_string(seed_), images_);
  char fraction[32];
  std::snprintf(fraction, sizeof fraction, "%.17g", max_bad_fraction_);
  Bind(spec, "max_bad_fraction", fraction, images_);
  Bind(spec, "epochs", std::to_string(kEpochs), images_);
}

void LoaderSource::Open(const OpenContext& context) {
  if (rank_ >= world_size_) {
    throw ConfigError(context.NameOf("rank") + " is " + std::to_string(rank_) + ", and with " +
                      context.NameOf("world_size") + " of " + std::to_string(world_size_) +
                      " the ranks are 0 to " + std::to_string(world_size_ - 1));
  }
  BindImages();
  if (!drop_last_) images_.AllowFewImages();
  images_.Open(context);
  consumer_ = &context.Get<Consumer>("consumer");
  dataset_ = &context.Get<ImageDataset>("dataset");
  const auto rows = static_cast<uint64_t>(context.layout().rows);
  batches_ = (size() + (drop_last_ ? 0 : rows - 1)) / rows;
  ShareBatches(context);
  if (gradient_accumulation_ > 0) ShareSteps(context);
}

void LoaderSource::ShareBatches(const OpenContext& context) {
  const auto ranks = static_cast<uint64_t>(world_size_);
  batches_per_epoch_ = (batches_ + (drop_last_ ? 0 : ranks - 1)) / ranks;
  if (batches_per_epoch_ > 0) return;
  throw ConfigError("an epoch has " + ShowCount(batches_) +
                    " whole batches, fewer than the processes that share it, " + ShowCount(ranks) +
                    ": lower " + context.NameInStage("batch_size"));
}

void LoaderSource::ShareSteps(const OpenContext& context) {
  const int64_t window =
      std::min<int64_t>(gradient_accumulation_ * world_size_, std::numeric_limits<int>::max());
  plan_.emplace(batches_, static_cast<int>(window), static_cast<int>(rank_),
                static_cast<int>(world_size_));
  if (plan_->whole_window() < world_size_) {
    throw ConfigError("an epoch has " + ShowCount(static_cast<uint64_t>(plan_->whole_window())) +
                      " batches, fewer than the processes that share a step, " +
                      ShowCount(static_cast<uint64_t>(world_size_)) + ": lower " +
                      context.NameInStage("batch_size"));
  }
  batches_per_epoch_ = 0;
  for (const int own : windows()) batches_per_epoch_ += static_cast<uint64_t>(own);
}

std::vector<int> LoaderSource::windows() const {
  if (!plan_) return std::vector<int>(batches_per_epoch_, 1);
  const auto own_of = [this](int window) {
    return ShareOf(window, static_cast<int>(rank_), static_cast<int>(world_size_)).count;
  };
  std::vector<int> own(plan_->steps_per_epoch(), own_of(plan_->whole_window()));
  own.back() = own_of(plan_->last_window());
  return own;
}

// A batch that the plan has for a rank without using it is the last of an epoch, so it is not asked
// for.
uint64_t LoaderSource::SharedBatch(uint64_t own) const {
  if (plan_) return plan_->At(own).batch;
  return (own * static_cast<uint64_t>(world_size_) + static_cast<uint64_t>(rank_)) % batches_;
}

bool LoaderSource::AdmitBatch(Batch& batch) {
  dataset_->CheckFiles();
  const uint64_t number = consumer_->place().Next(batch.seq);
  batch.seed = static_cast<uint64_t>(seed_);
  batch.epoch = number / batches_per_epoch_;
  batch.step = number % batches_per_epoch_;
  batch.steps_per_epoch = batches_per_epoch_;
  batch.total_steps = 0;
  batch.in_window = 0;
  batch.window = 1;
  batch.last_of_epoch = batch.step + 1 == batches_per_epoch_;
  return true;
}

void LoaderSource::AdmitSample(Sample& sample) {
  const Batch& batch = *sample.batch;
  sample.epoch = batch.epoch;
  sample.position = SharedBatch(batch.step) * static_cast<uint64_t>(batch.layout.rows) +
                    static_cast<uint64_t>(sample.row);
  sample.seed = batch.seed;
  if (sample.position >= size()) {
    sample.id = kNoImage;
    return;
  }
  if (!shuffle_) {
    sample.id = sample.position;
    return;
  }
  sample.id = images_.AdmitAt({sample.epoch, sample.position});
}

Outcome LoaderSource::Process(Sample& sample, Worker& worker) {
  if (sample.id != kNoImage) return images_.Process(sample, worker);
  BecomeBlackPixel(ImageOf(sample));
  sample.label = -1;
  return Ok();
}

FLOWTRAIN_REGISTER(LoaderSource);

}  // namespace flowtrain
