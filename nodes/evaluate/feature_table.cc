#include "nodes/evaluate/feature_table.h"

#include <ATen/Functions.h>

#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

at::Tensor Join(const std::vector<FeatureTable>& parts, at::Tensor FeatureTable::*column) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parts.size());
  for (const FeatureTable& part : parts) tensors.push_back(part.*column);
  return at::cat(tensors);
}

Features Rows(const FeatureTable& table, const at::Tensor& mask, uint64_t images) {
  const at::Tensor index = mask.nonzero().flatten();
  return {table.features.index_select(0, index), table.labels.index_select(0, index),
          images - static_cast<uint64_t>(index.size(0))};
}

}  // namespace

void FeatureSink::Process(Step& step) {
  parts_.push_back(dynamic_cast<const FeaturePayload&>(*step.payload).table);
}

void FeatureSink::Flush() {
  if (run_->draining()) {
    LogInfo("stopped before all images were seen: there is no result");
    return;
  }
  FeatureTable table;
  if (!parts_.empty()) {
    table = {Join(parts_, &FeatureTable::features), Join(parts_, &FeatureTable::labels),
             Join(parts_, &FeatureTable::ids)};
  }
  parts_.clear();
  if (!table.ids.defined() || table.ids.numel() == 0) {
    throw DataError("none of the images can be read; mend them, or evaluate on others");
  }
  Finish(table);
}

BankAndQueries SplitByList(const FeatureTable& table, const Evaluation& evaluation) {
  const uint64_t bank = evaluation.bank->size();
  const at::Tensor in_bank = table.ids.lt(static_cast<int64_t>(bank));
  BankAndQueries split;
  split.bank = Rows(table, in_bank, bank);
  split.queries = evaluation.leave_one_out
                      ? split.bank
                      : Rows(table, in_bank.logical_not(), evaluation.queries->size());
  if (split.bank.labels.numel() == 0 || split.queries.labels.numel() == 0) {
    throw DataError("no image of the bank, or none of the queries, can be read; mend them");
  }
  return split;
}

}  // namespace flowtrain
