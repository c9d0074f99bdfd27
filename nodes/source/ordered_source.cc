#include "nodes/source/ordered_source.h"

#include <utility>

#include "nodes/run/run_dir.h"
#include "nodes/source/black_pixel.h"
#include "nodes/source/list_left_out.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
void OrderedSource::Declare(NodeSpec& spec) {
  spec.Doc("Fetches every image once, in order, for an evaluation.")
      .Output("ids", Stream::kSample)
      .Uses("dataset", "ImageDataset")
      .MayUse("run_dir", "RunDir")
      .Option(&OrderedSource::images_, "images", Images::kLabelled,
              "labelled (the evaluation's: its bank, then its queries), all (those to train on).",
              Choices<Images>{{{"labelled", Images::kLabelled}, {"all", Images::kAll}}});
}

void OrderedSource::Open(const OpenContext& context) {
  dataset_ = &context.Get<ImageDataset>("dataset");
  run_dir_ = context.TryGet<RunDir>("run_dir");
  if (run_dir_ != nullptr) bad_images_.ListIn(&run_dir_->bad_images());
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

void OrderedSource::Start() {
  if (run_dir_ != nullptr) ListLeftOut(*dataset_, *run_dir_);
}

void OrderedSource::Flush() {
  const uint64_t bad = bad_images_.count();
  if (bad == 0) return;
  if (bad == size()) {
    throw DataError("none of the " + ShowCount(bad) + " images can be used:" +
                    bad_images_.NameSome() + "\nRepair them, or evaluate on another data set");
  }
  LogWarning(ShowCount(bad) + " of " + ShowCount(size()) +
             " images could not be used and are left out:" + bad_images_.NameSome());
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
  const auto rows = static_cast<uint64_t>(batch.layout.rows);
  if (batch.seq * rows >= size()) return false;
  batch.epoch = 0;
  batch.step = batch.seq;
  batch.steps_per_epoch = batch.total_steps = (size() + rows - 1) / rows;
  batch.in_window = 0;
  batch.window = 1;
  batch.last_of_epoch = batch.seq + 1 == batch.steps_per_epoch;
  return true;
}

void OrderedSource::AdmitSample(Sample& sample) {
  const Batch& batch = *sample.batch;
  sample.epoch = 0;
  sample.position =
      batch.seq * static_cast<uint64_t>(batch.layout.rows) + static_cast<uint64_t>(sample.row);
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
