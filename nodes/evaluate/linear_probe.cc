#include "nodes/evaluate/linear_probe.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "nodes/decode/encode_png.h"
#include "nodes/evaluate/caveats.h"
#include "nodes/evaluate/final_line.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

constexpr int64_t kToChoose = 10;     // one image in this many chooses the learning rate
constexpr int64_t kToJudge = 5;       // one in this many is judged where there is no split
constexpr int64_t kFewHeldOut = 10;   // images that choose little but by chance
constexpr size_t kTableClasses = 20;  // the most classes that a table has columns for

Features Select(const Features& from, const std::vector<int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(from.labels.device());
  return {from.features.index_select(0, index), from.labels.index_select(0, index), {}};
}

}  // namespace

HeldOut HoldOut(const Features& features, int64_t nth) {
  std::vector<int64_t> kept, held;
  std::map<int64_t, int64_t> seen;  // images of each class
  const at::Tensor labels = features.labels.cpu();
  for (int64_t row = 0; row < labels.size(0); ++row) {
    const int64_t number = ++seen[labels.const_data_ptr<int64_t>()[row]];
    (number % nth == 0 ? held : kept).push_back(row);
  }
  if (kept.empty() || held.empty()) {
    throw DataError("a linear probe holds out one image in " + std::to_string(nth) +
                    " of each class, and no class has so many that can be read: give it more");
  }
  return {Select(features, kept), Select(features, held)};
}

void LinearProbe::Declare(NodeSpec& spec) {
  using Self = LinearProbe;
  spec.Doc("Accuracy of a linear classifier on a frozen backbone's features.")
      .Input("features", Stream::kStep)
      .Output("judged", Stream::kStep)
      .OnLane()
      .Uses("dataset", "ImageDataset")
      .Uses("device", "Device")
      .Uses("run_dir", "RunDir")
      .Options(&Self::linear_)
      .Option(&Self::learning_rates_, "learning_rates", std::vector<double>{0.01, 0.03, 0.1},
              "The best on a tenth of the bank is taken; of one, that.", AtLeast{1e-9})
      .Option(&Self::weight_decays_, "weight_decays", std::vector<double>{0, 1e-3, 1e-2},
              "The same way.", AtLeast{0});
}

void LinearProbe::Open(const OpenContext& context) {
  FeatureJudge::Open(context);
  learning_rates_name_ = context.NameOf("learning_rates");
  weight_decays_name_ = context.NameOf("weight_decays");
  if (learning_rates_.empty() || weight_decays_.empty()) {
    throw ConfigError(learning_rates_name_ + " and " + weight_decays_name_ +
                      " need a number each at least");
  }
}

void LinearProbe::Finish(const FeatureTable& table) {
  const Evaluation evaluation = dataset().evaluation();
  auto [bank, queries, left_out] = Split(table, evaluation);
  if (evaluation.leave_one_out) {
    HeldOut parts = HoldOut(bank, kToJudge);
    bank = std::move(parts.kept);
    queries = std::move(parts.held);
  }
  WarnOfCaveats(bank.labels, queries.labels, dataset().classes(), false);
  const LinearOptions options = Choose(bank);
  const LinearClassifier classifier = TrainLinear(bank.features, bank.labels, options);
  const at::Tensor logits = classifier.Logits(queries.features);
  if (!AllFinite(logits)) RefuseDiverged();
  Report(bank, queries, left_out, options, logits);
}

LinearOptions LinearProbe::Choose(const Features& bank) const {
  LinearOptions options = linear_;
  options.classes = static_cast<int64_t>(dataset().classes().size());
  options.learning_rate = learning_rates_.front();
  options.weight_decay = weight_decays_.front();
  if (learning_rates_.size() * weight_decays_.size() == 1) return options;
  // A larger share of a small bank, so that each class has an image in both parts.
  const int64_t of_a_class = bank.labels.size(0) / options.classes;
  const HeldOut parts = HoldOut(bank, std::clamp(of_a_class, int64_t{2}, kToChoose));
  WarnOfSmallChoice(parts.held.labels);
  LinearOptions best = options;
  double best_top1 = -1;
  for (const double learning_rate : learning_rates_) {
    for (const double weight_decay : weight_decays_) {
      options.learning_rate = learning_rate;
      options.weight_decay = weight_decay;
      const LinearClassifier tried = TrainLinear(parts.kept.features, parts.kept.labels, options);
      const at::Tensor logits = tried.Logits(parts.held.features);
      if (!AllFinite(logits)) continue;  // the rate is too high: there is no accuracy
      const double top1 = TopK(logits, parts.held.labels, 1);
      if (top1 <= best_top1) continue;
      best_top1 = top1;
      best = options;
    }
  }
  if (best_top1 < 0) RefuseDiverged();
  return best;
}

void LinearProbe::WarnOfSmallChoice(const at::Tensor& held) const {
  const bool one_class = IsOneClass(held);
  if (held.size(0) >= kFewHeldOut && !one_class) return;
  LogWarning("only " + ShowCount(static_cast<uint64_t>(held.size(0))) +
             (held.size(0) == 1 ? " image" : " images") + " of the bank" +
             (one_class ? ", of one class," : "") +
             " can be held out to choose the learning rate and weight decay, so chance chooses "
             "them: give one number each in " +
             learning_rates_name_ + " and " + weight_decays_name_);
}

void LinearProbe::RefuseDiverged() const {
  throw DataError("the linear classifier diverges, so it has no accuracy: lower " +
                  learning_rates_name_);
}

void LinearProbe::Report(const Features& bank, const Features& queries, int64_t left_out,
                         const LinearOptions& options, const at::Tensor& logits) {
  const double top1 = TopK(logits, queries.labels, 1), top5 = TopK(logits, queries.labels, 5);
  const std::string path = run_dir().path() + "/confusion.png";
  std::ostringstream text;
  text << "linear probe top-1: " << ShowPercent(top1);
  if (options.classes > 5) text << ", top-5: " << ShowPercent(top5);
  text << " (" << ShowCount(static_cast<uint64_t>(bank.labels.size(0))) << " images to train on, "
       << ShowCount(static_cast<uint64_t>(queries.labels.size(0))) << " to judge; learning rate "
       << options.learning_rate << ", weight decay " << options.weight_decay << ", "
       << options.epochs << " epochs)";
  LogInfo(text.str());
  const Confusion confusion = Confuse(queries.labels, logits.argmax(1));
  if (confusion.classes.size() <= kTableClasses) {
    LogInfo("classes, and what they were taken for:\n" + ConfusionTable(confusion));
  }
  const Picture picture = ConfusionPicture(confusion);
  WriteNewFile(path, EncodePng(picture.pixels, picture.side, picture.side));
  LogInfo("the same as a picture: " + path);
  run_dir().AppendMetrics(FinalLine({{"linear_top1", top1 * 100},
                                     {"linear_top5", top5 * 100},
                                     {"learning_rate", options.learning_rate},
                                     {"weight_decay", options.weight_decay}},
                                    {{"bank", bank.labels.size(0)},
                                     {"queries", queries.labels.size(0)},
                                     {"left_out", left_out}}));
}

Confusion LinearProbe::Confuse(const at::Tensor& labels, const at::Tensor& guesses) const {
  const auto classes = static_cast<int64_t>(dataset().classes().size());
  const at::Tensor counts =
      at::bincount((labels * classes + guesses).cpu(), {}, classes * classes).to(at::kLong);
  const auto* first = counts.const_data_ptr<int64_t>();
  return {dataset().classes(), {first, first + counts.numel()}};
}

FLOWTRAIN_REGISTER(LinearProbe);

}  // namespace flowtrain
