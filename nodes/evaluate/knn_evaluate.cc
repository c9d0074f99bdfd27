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
#include "nodes/distributed/rank_group.h"
#include "nodes/evaluate/embedding_file.h"
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
      .MayUse("ranks", "RankGroup")
      .Option(&KnnEvaluate::enabled_, "enabled", true,
              "Measure the kNN accuracy before and after the training.")
      .Option(&KnnEvaluate::probe_, "probe", false,
              "Also train a linear classifier on the features, after training and each N epochs.")
      .Option(&KnnEvaluate::pictures_, "pictures", true, kPicturesHelp)
      .Option(&KnnEvaluate::every_epochs_, "every_epochs", 0,
              "Also after each N epochs; 0: at the start and the end alone.", AtLeast{0})
      .Options(&KnnEvaluate::knn_)
      .Option(&KnnEvaluate::batch_size_, "batch_size", 256, "Images per forward pass.", AtLeast{1})
      .Option(&KnnEvaluate::size_, "size", 0,
              "Side of the centre crop, pixels; 0: as large as the batches' views.", AtLeast{0})
      .Option(&KnnEvaluate::max_pixels_, "max_pixels", kMaxImagePixels,
              "Most pixels an image file may have; one with more counts as unreadable.",
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
  ranks_ = context.TryGet<RankGroup>("ranks");
  steps_done_ = run_dir_->start_step();
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
  untrained_ = EvaluateForAll();
  started_ = true;
  run_dir_->NoteStart(untrained_);
  if (untrained_) LogInfo("kNN top-1 at the start: " + Percent(untrained_));
}

void KnnEvaluate::Process(Step& step) {
  current_ = false;
  steps_done_ = step.step + 1;
  if (!active() || every_epochs_ == 0 || !step.last_of_epoch) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) != 0) return;
  std::string lost;
  try {
    trained_ = EvaluateForAll();
  } catch (const RankLost& error) {
    lost = error.what();
  }
  if (!lost.empty()) throw EndRun(lost);
  current_ = trained_.has_value();
  StepRecord& record = *static_cast<StepPayload&>(*step.payload).record;
  record.knn_top1 = trained_;
  if (!probed_) return;
  record.linear_top1 = probed_->top1 * 100;
  record.linear_top5 = probed_->top5 * 100;
}

void KnnEvaluate::Flush() {
  if (!active() || run_->draining()) return;  // someone is waiting for the run to end
  if (!current_) trained_ = EvaluateForAll();
  if (run_->draining() || (several() && !ranks_->leads())) return;
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

std::optional<double> KnnEvaluate::EvaluateForAll() {
  if (!several()) return Evaluate();
  const std::optional<double> own = Evaluate();
  const std::string top1 = ranks_->FromLeader(own ? std::to_string(*own) : "");
  if (ranks_->leads()) return own;
  return top1.empty() ? std::nullopt : std::optional(std::stod(top1));
}

// Returns nothing if the network is not finite, or the device has too little memory.
std::optional<double> KnnEvaluate::Evaluate() {
  const Pause pause(model_->device());
  probed_.reset();
  lacks_memory_ = false;
  try {
    const std::string tensor = model_->FirstNonFiniteWeight();
    if (!tensor.empty()) {
      LogWarning("no kNN accuracy: the training has diverged, '" + tensor + "' is not finite");
      return std::nullopt;
    }
    const std::optional<double> top1 = EvaluateFinite();
    if (!lacks_memory_) return top1;
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
  const std::optional<Features> of_bank = FeaturesOf(*labelled_.bank, 0);
  if (!of_bank) return std::nullopt;
  const Features& bank = *of_bank;
  std::optional<Features> of_queries;
  if (!labelled_.leave_one_out) {
    of_queries = FeaturesOf(*labelled_.queries, labelled_.bank->size());
    if (!of_queries) return std::nullopt;
  }
  const Features& queries = of_queries ? *of_queries : bank;
  if (several() && !ranks_->leads()) return std::nullopt;
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
  if (pictures_ && started_ && !run_->draining()) {
    WriteEmbeddingFile(run_dir_->path(), labelled_, bank, queries, classes_, steps_done_);
  }
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

std::optional<Features> KnnEvaluate::FeaturesOf(const LabelledImages& images, uint64_t first_id) {
  PartEnd end = PartEnd::kDone;
  const Features features = ComputeTogether(images, end);
  lacks_memory_ = end == PartEnd::kOutOfMemory;
  if (end != PartEnd::kDone) return std::nullopt;
  for (const BadImage& bad : features.bad) {
    bad_images_.Add({first_id + bad.id, bad.name, bad.why});
  }
  if (features.bad.empty() || features.bad.size() < images.size()) return features;
  throw DataError("none of the " + ShowCount(images.size()) +
                  " labelled images can be used:" + NameSome(features.bad, bad_images_.path()) +
                  "\nRepair them, or set " + enabled_name_ + " to false");
}

Features KnnEvaluate::ComputeTogether(const LabelledImages& images, PartEnd& end) {
  const int rank = several() ? ranks_->rank() : 0, ranks = several() ? ranks_->ranks() : 1;
  Features own;
  try {
    own = ComputeFeatures(
        *model_, images, size_, batch_size_, max_pixels_, [this] { return Stopping(); },
        RangeOf(images.size(), rank, ranks));
    if (Stopping()) end = PartEnd::kStopped;
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
    end = PartEnd::kOutOfMemory;  // the others must learn of it
  }
  if (!several()) return own;
  const at::Tensor none =
      at::zeros({0, model_->feature_dim()}, at::TensorOptions().device(model_->device().device()));
  return GatherFeatures(own, none, *ranks_, end);
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
