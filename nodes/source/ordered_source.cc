#include "nodes/source/ordered_source.h"

#include <algorithm>
#include <utility>

#include "nodes/distributed/launch/ranks.h"
#include "nodes/distributed/launch/window_share.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/black_pixel.h"
#include "nodes/source/list_left_out.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

// How a rank's part of the images ended, before its bad ones.
constexpr char kDone = 'd', kStopped = 's';

}  // namespace

void OrderedSource::Declare(NodeSpec& spec) {
  spec.Doc("Fetches every image once, in order, for an evaluation.")
      .Output("ids", Stream::kSample)
      .Uses("dataset", "ImageDataset")
      .MayUse("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup")
      .Option(&OrderedSource::images_, "images", Images::kLabelled,
              "labelled (the evaluation's: its bank, then its queries), all (those to train on).",
              Choices<Images>{{{"labelled", Images::kLabelled}, {"all", Images::kAll}}});
}

void OrderedSource::Open(const OpenContext& context) {
  dataset_ = &context.Get<ImageDataset>("dataset");
  run_dir_ = context.TryGet<RunDir>("run_dir");
  if (run_dir_ != nullptr) bad_images_.ListIn(&run_dir_->bad_images());
  run_ = &context.run();
  ranks_ = context.TryGet<Ranks>("ranks");
  ChooseImages(context);
  ShareBatches(context);
}

void OrderedSource::ChooseImages(const OpenContext& context) {
  if (images_ == Images::kAll) return;
  const Evaluation evaluation = dataset_->evaluation();
  if (!evaluation.possible()) {
    throw ConfigError("there are no labelled images to evaluate on: " + evaluation.why_not +
                      "; name another data set in " + context.NameOf("dataset", "kind") + " and " +
                      context.NameOf("dataset", "root"));
  }
  lists_ = {evaluation.bank};
  if (!evaluation.leave_one_out) lists_.push_back(evaluation.queries);
}

bool OrderedSource::several() const { return ranks_ != nullptr && ranks_->several(); }

// Whole batches, so that the device computes the same ones as on one rank: the features are the same.
void OrderedSource::ShareBatches(const OpenContext& context) {
  const auto rows = static_cast<uint64_t>(std::max(1, context.layout().rows));
  batches_ = own_batches_ = (size() + rows - 1) / rows;
  if (!several()) return;
  const WindowShare share = ShareOf(static_cast<int>(batches_), ranks_->rank(), ranks_->ranks());
  first_batch_ = static_cast<uint64_t>(share.first);
  own_batches_ = static_cast<uint64_t>(share.count);
  const auto ranks = static_cast<uint64_t>(ranks_->ranks());
  if (batches_ >= ranks || !ranks_->leads()) return;
  LogWarning("the images are " + ShowCount(batches_) + (batches_ == 1 ? " batch" : " batches") +
             ", fewer than the " + ShowCount(ranks) +
             " ranks, some of which have nothing to do: lower " +
             context.NameInStage("batch_size") + ", or start fewer ranks");
}

void OrderedSource::Start() {
  if (run_dir_ != nullptr) ListLeftOut(*dataset_, *run_dir_);
}

void OrderedSource::Flush() {
  if (several()) HearFromOthers();
  const uint64_t bad = bad_images_.count();
  if (bad == 0) return;
  if (bad == size()) {
    throw DataError("none of the " + ShowCount(bad) + " images can be used:" +
                    bad_images_.NameSome() + "\nRepair them, or evaluate on another data set");
  }
  if (several() && !ranks_->leads()) return;  // who says so
  LogWarning(ShowCount(bad) + " of " + ShowCount(size()) +
             " images could not be used and are left out:" + bad_images_.NameSome());
}

// Where one rank has not seen all of its images, there is no result.
void OrderedSource::HearFromOthers() {
  const bool stops = run_->stop_wanted() || run_->draining();
  const std::string own = (stops ? kStopped : kDone) + ToText(bad_images_.List());
  for (const std::string& text : ranks_->GatherTexts(own)) {
    if (text.front() == kStopped) run_->StopHere();
    for (const BadImage& bad : BadImagesFrom(text.substr(1))) bad_images_.Add(bad);
  }
}

std::string OrderedSource::Description() const {
  if (lists_.empty()) return dataset_->Description();
  const auto named = [](const LabelledImages& list) {
    return list.Name() + ", " + ShowCount(list.size(), "image");
  };
  if (lists_.size() == 1) return named(*lists_[0]) + " (bank and queries)";
  return named(*lists_[0]) + " (bank); " + named(*lists_[1]) + " (queries)";
}

uint64_t OrderedSource::size() const {
  if (lists_.empty()) return dataset_->size();
  uint64_t images = 0;
  for (const LabelledImages* list : lists_) images += list->size();
  return images;
}

bool OrderedSource::AdmitBatch(Batch& batch) {
  dataset_->CheckFiles();
  if (batch.seq >= own_batches_ || StopsWithOthers()) return false;
  batch.epoch = 0;
  batch.step = first_batch_ + batch.seq;
  batch.steps_per_epoch = batch.total_steps = batches_;
  batch.in_window = 0;
  batch.window = 1;
  batch.last_of_epoch = batch.seq + 1 == own_batches_;
  return true;
}

// A signal to one rank stops all of them.
bool OrderedSource::StopsWithOthers() {
  if (!several()) return false;
  if (run_->stop_wanted()) ranks_->AskToStop();
  if (!ranks_->asked_to_stop() && !run_->stop_wanted()) return false;
  run_->StopHere();
  return true;
}

void OrderedSource::AdmitSample(Sample& sample) {
  const Batch& batch = *sample.batch;
  sample.epoch = 0;
  sample.position =
      batch.step * static_cast<uint64_t>(batch.layout.rows) + static_cast<uint64_t>(sample.row);
  sample.seed = 0;
  sample.id = sample.position < size() ? sample.position : kNoImage;
}

void OrderedSource::Substitute(Sample& sample) {
  dataset_->CheckFiles();  // throws if it is not this image's fault
  bad_images_.Add({sample.id, NameOf(sample.id), sample.error});
  sample.id = kNoImage;
}

Outcome OrderedSource::Process(Sample& sample, Worker&) {
  ImageSample& image = ImageOf(sample);
  image.decoded = false;
  if (sample.id == kNoImage) {
    BecomeBlackPixel(image);
  } else {
    image.encoded = Fetch(sample.id, image.file_bytes);
  }
  sample.label = image.encoded.label;
  return image.encoded.error.empty() ? Ok() : Bad(std::move(image.encoded.error));
}

EncodedImage OrderedSource::Fetch(uint64_t id, std::vector<uint8_t>& storage) const {
  for (const LabelledImages* list : lists_) {
    if (id < list->size()) return list->Fetch(id, storage);
    id -= list->size();
  }
  try {
    return dataset_->Fetch(id, storage);
  } catch (const Interrupted& error) {  // there will be no result
    EncodedImage none;
    none.error = error.what();
    return none;
  }
}

std::string OrderedSource::NameOf(uint64_t id) const {
  for (const LabelledImages* list : lists_) {
    if (id < list->size()) return list->ImageName(id);
    id -= list->size();
  }
  return dataset_->ImageName(id);
}

FLOWTRAIN_REGISTER(OrderedSource);

}  // namespace flowtrain
