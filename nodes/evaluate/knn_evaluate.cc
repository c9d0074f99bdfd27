#include "nodes/evaluate/knn_evaluate.h"

#include <ATen/Functions.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "nodes/device/out_of_memory.h"
#include "nodes/device/pause.h"
#include "nodes/evaluate/features.h"
#include "nodes/evaluate/final_line.h"
#include "nodes/image/view_side.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

std::string Percent(const std::optional<double>& value) {
  if (!value) return "not known";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", *value);
  return text.data();
}

}  // namespace

void KnnEvaluate::Declare(NodeSpec& spec) {
  spec.Doc(
          "kNN accuracy of the frozen backbone on the labelled images, before, during and after "
          "training.")
      .Input("steps", Stream::kStep)
      .Output("evaluated", Stream::kStep)
      .OnLane()
      .Uses("model", "SimclrModel")
      .Uses("dataset", "ImageDataset")
      .Uses("run_dir", "RunDir")
      .Option(&KnnEvaluate::enabled_, "enabled", true, "Whether to evaluate at all.")
      .Option(&KnnEvaluate::probe_, "probe", false,
              "Also train a linear classifier on the features, after training and each N epochs.")
      .Option(&KnnEvaluate::every_epochs_, "every_epochs", 0,
              "Also after each N epochs; 0: at the start and the end alone.", AtLeast{0})
      .Options(&KnnEvaluate::knn_)
      .Option(&KnnEvaluate::batch_size_, "batch_size", 256, "Images a forward.", AtLeast{1})
      .Option(&KnnEvaluate::size_, "size", 0,
              "Side of the centre crop, pixels; 0: as large as the batches' views.", AtLeast{0})
      .Option(&KnnEvaluate::max_pixels_, "max_pixels", kMaxImagePixels,
              "Pixels of an image file that is decoded; one that claims more is unreadable.",
              Between{1, kMaxImagePixels});
}

void KnnEvaluate::Open(const OpenContext& context) {
  run_ = &context.run();
  if (probe_ && !enabled_) {
    throw ConfigError(context.NameOf("probe") +
                      " is trained on the features of the kNN evaluation, which is off: set " +
                      context.NameOf("enabled") + " to true, or " + context.NameOf("probe") +
                      " to false");
  }
  if (size_ == 0) size_ = ViewSide(context.layout());
  if (size_ == 0) {
    throw ConfigError(context.NameOf("size") +
                      " must be given: the rows of the batches are not square RGB views");
  }
  model_ = &context.Get<SimclrModel>("model");
  const auto& dataset = context.Get<ImageDataset>("dataset");
  labelled_ = dataset.evaluation();
  knn_.classes = static_cast<int64_t>(dataset.classes().size());
  knn_.leave_one_out = labelled_.leave_one_out;
  enabled_name_ = context.NameOf("enabled");
  neighbours_name_ = context.NameOf("neighbours");
  classes_ = dataset.classes();
  run_dir_ = &context.Get<RunDir>("run_dir");
  bad_images_.ListIn(&run_dir_->bad_images());
}

void KnnEvaluate::Start() {
  if (enabled_ && !active()) LogInfo("no kNN accuracy: " + labelled_.why_not);
  if (!active()) return;
  if (run_dir_->start_step() > 0) {
    started_ = true;
    untrained_ = run_dir_->knn_top1_start();
    return;
  }
  untrained_ = Evaluate();
  started_ = true;
  run_dir_->NoteStart(untrained_);
  if (untrained_) LogInfo("kNN top-1 at the start: " + Percent(untrained_));
}

void KnnEvaluate::Process(Step& step) {
  current_ = false;
  if (!active() || every_epochs_ == 0 || !step.last_of_epoch) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) != 0) return;
  trained_ = Evaluate();
  current_ = trained_.has_value();
  StepRecord& record = *static_cast<StepPayload&>(*step.payload).record;
  record.knn_top1 = trained_;
  if (!probed_) return;
  record.linear_top1 = probed_->top1 * 100;
  record.linear_top5 = probed_->top5 * 100;
}

void KnnEvaluate::Flush() {
  if (!active() || run_->draining()) return;  // someone is waiting for the run to end
  if (!current_) trained_ = Evaluate();
  if (run_->draining()) return;
  if (trained_) {
    LogInfo("kNN top-1 of the trained backbone: " + Percent(trained_) + ", at the start " +
            Percent(untrained_) + how_);
  }
  std::vector<std::pair<const char*, double>> figures = {
      {"knn_top1", trained_.value_or(std::nan(""))},
      {"knn_top1_start", untrained_.value_or(std::nan(""))}};
  if (probed_) {
    LogInfo("linear probe top-1 of the trained backbone: " + Percent(probed_->top1 * 100));
    figures.insert(figures.end(), {{"linear_top1", probed_->top1 * 100},
                                   {"linear_top5", probed_->top5 * 100},
                                   {"learning_rate", probed_->options.learning_rate},
                                   {"weight_decay", probed_->options.weight_decay}});
  }
  run_dir_->AppendMetrics(FinalLine(
      figures,
      {{"neighbours", votes_}, {"bank", bank_}, {"queries", queries_}, {"left_out", left_out_}}));
}

// Returns nothing if the network is not finite, or the device has too little memory.
std::optional<double> KnnEvaluate::Evaluate() {
  const Pause pause(model_->device());
  probed_.reset();
  try {
    const std::string tensor = model_->FirstNonFiniteWeight();
    if (tensor.empty()) return EvaluateFinite();
    LogWarning("no kNN accuracy: the training has diverged, '" + tensor + "' is not finite");
    return std::nullopt;
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
    // Room is made outside the handler: the exception still holds memory here.
  }
  // The training itself has its memory: it must not end for an accuracy.
  model_->device().EmptyCache();
  LogWarning(
      "no kNN accuracy: the device has too little memory for it beside the training. "
      "graphs/knn.yaml finds that of a checkpoint");
  return std::nullopt;
}

// Returns nothing if the run is being stopped: someone is waiting for it to end.
std::optional<double> KnnEvaluate::EvaluateFinite() {
  const uint64_t known_bad = bad_images_.count();
  const Features bank = FeaturesOf(*labelled_.bank, 0);
  const Features queries = labelled_.leave_one_out || run_->draining()
                               ? bank
                               : FeaturesOf(*labelled_.queries, labelled_.bank->size());
  if (run_->draining()) return std::nullopt;
  WarnOfBad(known_bad);
  votes_ = KnnVotes(bank, knn_);
  bank_ = bank.labels.size(0);
  queries_ = queries.labels.size(0);
  left_out_ =
      static_cast<int64_t>(bank.bad.size() + (labelled_.leave_one_out ? 0 : queries.bad.size()));
  if (!OutputIsFinite(bank) || !OutputIsFinite(queries)) return std::nullopt;
  if (!told_of_caveats_) WarnOfKnnCaveats(bank, queries, knn_, classes_, neighbours_name_);
  told_of_caveats_ = true;
  how_ = DescribeKnn(bank, queries, knn_);
  const double top1 = KnnTop1(bank, queries, knn_) * 100;
  if (probe_ && started_ && !run_->draining()) Probe(bank, queries);
  return top1;
}

// Where there is no probe the training goes on without.
void KnnEvaluate::Probe(const Features& bank, const Features& queries) {
  ProbeOptions options;
  options.linear.classes = knn_.classes;
  try {
    if (!labelled_.leave_one_out) {
      probed_ = ProbeFeatures(bank, queries, options);
    } else {
      const HeldOut parts = HoldOutToJudge(bank);
      probed_ = ProbeFeatures(parts.kept, parts.held, options);
    }
  } catch (const DataError& error) {
    if (!std::exchange(told_of_no_probe_, true)) {
      LogWarning("no linear probe accuracy: " + std::string(error.what()));
    }
  }
}

bool KnnEvaluate::OutputIsFinite(const Features& features) const {
  if (AllFinite(features.features)) return true;
  LogWarning("no kNN accuracy: the network's output is not finite");
  return false;
}

Features KnnEvaluate::FeaturesOf(const LabelledImages& images, uint64_t first_id) {
  const auto stop = [this] { return run_->draining(); };
  Features features = ComputeFeatures(*model_, images, size_, batch_size_, max_pixels_, stop);
  for (const BadImage& bad : features.bad) {
    bad_images_.Add({first_id + bad.id, bad.name, bad.why});
  }
  if (features.bad.empty() || features.bad.size() < images.size()) return features;
  throw DataError("none of the " + ShowCount(images.size()) +
                  " labelled images can be used:" + NameSome(features.bad, bad_images_.path()) +
                  "\nRepair them, or set " + enabled_name_ + " to false");
}

// Only where there are more than `known`, the number of them before this evaluation.
void KnnEvaluate::WarnOfBad(uint64_t known) const {
  const uint64_t bad = bad_images_.count();
  if (bad == known) return;
  const uint64_t images =
      labelled_.bank->size() + (labelled_.leave_one_out ? 0 : labelled_.queries->size());
  LogWarning(ShowCount(bad) + " of " + ShowCount(images) +
             " labelled images could not be used; the kNN accuracy leaves them out:" +
             bad_images_.NameSome());
}

FLOWTRAIN_REGISTER(KnnEvaluate);

}  // namespace flowtrain
