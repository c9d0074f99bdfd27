#include "nodes/evaluate/knn_evaluate.h"

#include <array>
#include <cstdio>
#include <string>

#include "nodes/evaluate/features.h"
#include "nodes/evaluate/final_line.h"
#include "nodes/evaluate/knn.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

std::string Percent(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", value);
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
      .Option(&KnnEvaluate::every_epochs_, "every_epochs", 0,
              "Also after each N epochs; 0: at the start and the end alone.", AtLeast{0})
      .Option(&KnnEvaluate::neighbours_, "neighbours", 200, "That vote, at most the bank's size.",
              AtLeast{1})
      .Option(&KnnEvaluate::temperature_, "temperature", 0.1,
              "Of the votes' weights exp(cosine / T).", AtLeast{1e-3})
      .Option(&KnnEvaluate::batch_size_, "batch_size", 256, "Images a forward.", AtLeast{1})
      .Option(&KnnEvaluate::size_, "size", 96, "Side of the centre crop, pixels.", AtLeast{1})
      .Option(&KnnEvaluate::max_pixels_, "max_pixels", kMaxImagePixels,
              "Pixels of an image file that is decoded; one that claims more is unreadable.",
              Between{1, kMaxImagePixels});
}

void KnnEvaluate::Open(const OpenContext& context) {
  run_ = &context.run();
  model_ = &context.Get<SimclrModel>("model");
  const auto& dataset = context.Get<ImageDataset>("dataset");
  labelled_ = dataset.evaluation();
  classes_ = static_cast<int64_t>(dataset.classes().size());
  run_dir_ = &context.Get<RunDir>("run_dir");
}

void KnnEvaluate::Start() {
  if (enabled_ && !active()) LogInfo("no kNN accuracy: " + labelled_.why_not);
  if (!active()) return;
  untrained_ = Evaluate();
  if (!untrained_) return;
  LogInfo("kNN top-1 at the start: " + Percent(*untrained_));
}

void KnnEvaluate::Process(Step& step) {
  current_ = false;
  if (!active() || every_epochs_ == 0 || !step.last_of_epoch) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) != 0) return;
  trained_ = Evaluate();
  current_ = trained_.has_value();
  static_cast<StepPayload&>(*step.payload).record->knn_top1 = trained_;
}

void KnnEvaluate::Flush() {
  if (!active() || run_->draining()) return;  // someone waits for an interrupted run to end
  if (!current_) trained_ = Evaluate();
  if (!trained_) return;
  LogInfo("kNN top-1 of the trained backbone: " + Percent(*trained_) + ", at the start " +
          Percent(*untrained_) + how_);
  run_dir_->AppendMetrics(FinalLine({{"knn_top1", *trained_}, {"knn_top1_start", *untrained_}}));
}

// Nothing where the run is being stopped: someone waits for its end.
std::optional<double> KnnEvaluate::Evaluate() {
  const auto stop = [this] { return run_->draining(); };
  const auto features_of = [&](const LabelledImages& images) {
    return ComputeFeatures(*model_, images, size_, batch_size_, max_pixels_, stop);
  };
  const Features bank = features_of(*labelled_.bank);
  const Features queries =
      labelled_.leave_one_out || stop() ? bank : features_of(*labelled_.queries);
  if (stop()) return std::nullopt;
  const KnnOptions options{neighbours_, temperature_, classes_, labelled_.leave_one_out};
  how_ = DescribeKnn(bank, queries, options);
  return KnnTop1(bank, queries, options) * 100;
}

FLOWTRAIN_REGISTER(KnnEvaluate);

}  // namespace flowtrain
