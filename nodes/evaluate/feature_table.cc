#include "nodes/evaluate/feature_table.h"

#include <ATen/Functions.h>

#include <string>

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

Features Rows(const FeatureTable& table, const at::Tensor& mask) {
  const at::Tensor index = mask.nonzero().flatten();
  return {table.features.index_select(0, index), table.labels.index_select(0, index), {}};
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
    throw DataError("none of the images can be used: mend them, or evaluate on another data set");
  }
  Finish(table);
}

BankAndQueries SplitByList(const FeatureTable& table, const Evaluation& evaluation) {
  const uint64_t bank = evaluation.bank->size();
  const at::Tensor in_bank = table.ids.lt(static_cast<int64_t>(bank));
  BankAndQueries split;
  split.bank = Rows(table, in_bank);
  split.queries = evaluation.leave_one_out ? split.bank : Rows(table, in_bank.logical_not());
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
