#include "nodes/evaluate/probe_features.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>
#include <utility>

#include "nodes/evaluate/caveats.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr int64_t kToChoose = 10;    // one image in this many chooses the learning rate
constexpr int64_t kToJudge = 5;      // one in this many is judged where there is no split
constexpr int64_t kFewHeldOut = 10;  // images that choose little but by chance

Features Select(const Features& from, const std::vector<int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(from.labels.device());
  return {from.features.index_select(0, index), from.labels.index_select(0, index)};
}

void WarnOfSmallChoice(const at::Tensor& held, const ProbeOptions& options) {
  const bool one_class = IsOneClass(held);
  if (held.size(0) >= kFewHeldOut && !one_class) return;
  LogWarning("only " + ShowCount(static_cast<uint64_t>(held.size(0))) +
             (held.size(0) == 1 ? " image" : " images") + " of the bank" +
             (one_class ? ", of one class," : "") +
             " can be held out to choose the learning rate and weight decay, so chance chooses "
             "them: give one number each in " +
             options.learning_rates_name + " and " + options.weight_decays_name);
}

[[noreturn]] void RefuseDiverged(const ProbeOptions& options) {
  throw DataError("the linear classifier diverges, so it has no accuracy: lower " +
                  options.learning_rates_name);
}

LinearOptions Choose(const Features& bank, const ProbeOptions& options) {
  LinearOptions tried = options.linear;
  tried.learning_rate = options.learning_rates.front();
  tried.weight_decay = options.weight_decays.front();
  if (options.learning_rates.size() * options.weight_decays.size() == 1) return tried;
  // A larger share of a small bank, so that each class has an image in both parts.
  const int64_t of_a_class = bank.labels.size(0) / tried.classes;
  const HeldOut parts = HoldOut(bank, std::clamp(of_a_class, int64_t{2}, kToChoose));
  WarnOfSmallChoice(parts.held.labels, options);
  LinearOptions best = tried;
  double best_top1 = -1;
  for (const double learning_rate : options.learning_rates) {
    for (const double weight_decay : options.weight_decays) {
      tried.learning_rate = learning_rate;
      tried.weight_decay = weight_decay;
      const LinearClassifier one = TrainLinear(parts.kept.features, parts.kept.labels, tried);
      const at::Tensor logits = one.Logits(parts.held.features);
      if (!AllFinite(logits)) continue;  // the rate is too high: there is no accuracy
      const double top1 = TopK(logits, parts.held.labels, 1);
      if (top1 <= best_top1) continue;
      best_top1 = top1;
      best = tried;
    }
  }
  if (best_top1 < 0) RefuseDiverged(options);
  return best;
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

HeldOut HoldOutToJudge(const Features& features) { return HoldOut(features, kToJudge); }

ProbeResult ProbeFeatures(const Features& bank, const Features& queries,
                          const ProbeOptions& options) {
  ProbeResult result;
  result.options = Choose(bank, options);
  const LinearClassifier classifier = TrainLinear(bank.features, bank.labels, result.options);
  result.logits = classifier.Logits(queries.features);
  if (!AllFinite(result.logits)) RefuseDiverged(options);
  result.top1 = TopK(result.logits, queries.labels, 1);
  result.top5 = TopK(result.logits, queries.labels, 5);
  return result;
}

}  // namespace flowtrain
