#include "nodes/evaluate/feature_table.h"

#include <ATen/Functions.h>

#include <string>

#include "nodes/distributed/rank_group.h"
#include "nodes/evaluate/shared_features.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

at::Tensor Join(const std::vector<FeatureTable>& parts, at::Tensor FeatureTable::*column) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parts.size());
  for (const FeatureTable& part : parts) tensors.push_back(part.*column);
  return at::cat(tensors);
}

// `first_id` is that of the first image of their list.
Features Rows(const FeatureTable& table, const at::Tensor& mask, uint64_t first_id) {
  const at::Tensor rows = mask.nonzero().flatten();
  return {.features = table.features.index_select(0, rows),
          .labels = table.labels.index_select(0, rows),
          .index = table.ids.index_select(0, rows).sub(static_cast<int64_t>(first_id))};
}

// A network whose output is not finite has no accuracy, and its features are of no use.
void CheckFinite(const at::Tensor& features) {
  const at::Tensor bad = at::isfinite(features).all(1).logical_not();
  const auto count = bad.sum().item<int64_t>();
  if (count == 0) return;
  throw DataError("the network's output is not finite for " +
                  ShowCount(static_cast<uint64_t>(count)) + " of " +
                  ShowCount(static_cast<uint64_t>(features.size(0))) +
                  " images, so there is no result. Evaluate an earlier checkpoint; where FP16 "
                  "overflows, set gpu.mixed_precision to false");
}

}  // namespace

void FeatureSink::Open(const OpenContext& context) {
  run_ = &context.run();
  ranks_ = context.TryGet<RankGroup>("ranks");
}

void FeatureSink::Process(Step& step) {
  parts_.push_back(dynamic_cast<const FeaturePayload&>(*step.payload).table);
}

void FeatureSink::Flush() {
  if (run_->draining()) {
    LogInfo("stopped before all images were seen: there is no result");
    return;
  }
  FeatureTable table = JoinParts();
  if (ranks_ != nullptr && ranks_->several()) {
    table = GatherForLeader(table, *ranks_);
    if (!ranks_->leads()) return;
  }
  if (!table.ids.defined() || table.ids.numel() == 0) {
    throw DataError("none of the images can be used: mend them, or evaluate on another data set");
  }
  CheckFinite(table.features);
  Finish(table);
}

// Without columns where there is no part.
FeatureTable FeatureSink::JoinParts() {
  FeatureTable table;
  if (!parts_.empty()) {
    table = {Join(parts_, &FeatureTable::features), Join(parts_, &FeatureTable::labels),
             Join(parts_, &FeatureTable::ids)};
  }
  parts_.clear();
  return table;
}

bool AllFinite(const at::Tensor& tensor) { return at::isfinite(tensor).all().item<bool>(); }

BankAndQueries SplitByList(const FeatureTable& table, const Evaluation& evaluation) {
  const uint64_t bank = evaluation.bank->size();
  const uint64_t queries = evaluation.leave_one_out ? 0 : evaluation.queries->size();
  if (table.ids.max().item<int64_t>() >= static_cast<int64_t>(bank + queries)) {
    throw DataError(
        "these are not the images that the evaluation is made on: its OrderedSource needs "
        "`images: labelled`");
  }
  const at::Tensor labelled = table.labels.ge(0);
  const at::Tensor in_bank = table.ids.lt(static_cast<int64_t>(bank));
  BankAndQueries split;
  split.bank = Rows(table, in_bank.logical_and(labelled), 0);
  split.queries = evaluation.leave_one_out
                      ? split.bank
                      : Rows(table, in_bank.logical_not().logical_and(labelled), bank);
  split.left_out = static_cast<int64_t>(bank + queries) - split.bank.labels.size(0) -
                   (evaluation.leave_one_out ? 0 : split.queries.labels.size(0));
  const auto check = [](const Features& images, const char* list) {
    if (images.labels.numel() > 0) return;
    throw DataError("none of the " + std::string(list) +
                    " can be used: mend them, or evaluate on another data set");
  };
  check(split.bank, "images of the bank (those that are learnt from)");
  check(split.queries, "queries (the images that are classified)");
  return split;
}

}  // namespace flowtrain
