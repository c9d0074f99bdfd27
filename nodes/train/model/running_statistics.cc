#include "nodes/train/model/running_statistics.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <torch/nn/modules/batchnorm.h>

#include <cmath>
#include <cstddef>
#include <utility>

namespace flowtrain {
namespace {

// Batch-norms of one dimension and of two are different types with the same members.
template <typename Call>
void OnNorm(torch::nn::Module& module, Call call) {
  if (auto* norm = module.as<torch::nn::BatchNorm1d>()) call(*norm);
  if (auto* norm = module.as<torch::nn::BatchNorm2d>()) call(*norm);
}

// Without a momentum the forward pass needs the count for the weight of a batch.
template <typename Norm>
bool LeavesCounting(const Norm& norm) {
  return norm.is_training() && norm.options.momentum().has_value();
}

std::vector<at::Tensor> Flat(const std::vector<at::Tensor>& buffers) {
  std::vector<at::Tensor> flat;
  flat.reserve(buffers.size());
  for (const at::Tensor& buffer : buffers) flat.push_back(buffer.flatten());
  return flat;
}

}  // namespace

RunningStatistics::RunningStatistics(const torch::nn::Module& module) {
  for (const auto& each : module.modules()) {
    OnNorm(*each, [&](auto& norm) {
      if (norm.running_mean.defined()) norms_.push_back(each);
    });
  }
}

// Looked up each time: a module that moved to another device or type has other buffers.
RunningStatistics::Groups RunningStatistics::Buffers() const {
  Groups groups;
  for (const auto& module : norms_) {
    OnNorm(*module, [&](auto& norm) {
      groups[0].push_back(norm.running_mean);
      groups[0].push_back(norm.running_var);
      groups[1].push_back(norm.num_batches_tracked);
    });
  }
  return groups;
}

void RunningStatistics::CopyTo(std::vector<at::Tensor>& buffers, const at::Tensor& flat) {
  std::vector<at::Tensor> parts;
  parts.reserve(buffers.size());
  int64_t first = 0;
  for (const at::Tensor& buffer : buffers) {
    parts.push_back(flat.narrow(0, first, buffer.numel()).view(buffer.sizes()));
    first += buffer.numel();
  }
  at::_foreach_copy_(buffers, parts);
}

void RunningStatistics::Save() {
  if (norms_.empty()) return;
  const c10::NoGradGuard no_grad;
  const Groups groups = Buffers();
  for (size_t i = 0; i < groups.size(); ++i) {
    if (saved_[i].defined() && saved_[i].scalar_type() == groups[i][0].scalar_type()) {
      at::cat_out(saved_[i], Flat(groups[i]));
    } else {
      saved_[i] = at::cat(Flat(groups[i]));
    }
  }
}

void RunningStatistics::Restore() {
  if (!saved_[0].defined()) return;
  const c10::NoGradGuard no_grad;
  Groups groups = Buffers();
  for (size_t i = 0; i < groups.size(); ++i) CopyTo(groups[i], saved_[i]);
}

void RunningStatistics::RestoreWhere(const at::Tensor& condition) {
  if (!saved_[0].defined()) return;
  const c10::NoGradGuard no_grad;
  Groups groups = Buffers();
  // Selected, not blended: of the two, perhaps only the value that is put back is finite.
  const at::Tensor restore = condition.to(at::kBool);
  for (size_t i = 0; i < groups.size(); ++i) {
    CopyTo(groups[i], at::where(restore, saved_[i], at::cat(Flat(groups[i]))));
  }
}

// A batch moves a value R to (1 - m) R + m b.
at::Tensor RunningStatistics::Kept(int64_t batches) const {
  std::vector<at::Tensor> factors;
  for (const auto& module : norms_) {
    OnNorm(*module, [&](auto& norm) {
      TORCH_CHECK(norm.options.momentum().has_value(),
                  "batch-norms without a momentum cannot be put together over ranks");
      const double kept = std::pow(1 - *norm.options.momentum(), static_cast<double>(batches));
      factors.push_back(at::full({2 * norm.running_mean.numel()}, kept, saved_[0].options()));
    });
  }
  return at::cat(factors);
}

at::Tensor RunningStatistics::TakeShare(int64_t own, int64_t after) const {
  if (norms_.empty()) return at::zeros({0}, at::kFloat);
  const c10::NoGradGuard no_grad;
  const at::Tensor added = at::cat(Flat(Buffers()[0])) - Kept(own) * saved_[0];
  return Kept(after) * added;
}

void RunningStatistics::PutTogether(const at::Tensor& sum, int64_t batches) {
  if (norms_.empty()) return;
  const c10::NoGradGuard no_grad;
  Groups groups = Buffers();
  CopyTo(groups[0], Kept(batches) * saved_[0] + sum);
  CopyTo(groups[1], saved_[1] + batches);
}

// Without running statistics a batch-norm in training mode has none to update. One in evaluation
// mode needs them, and does not update them.
RunningStatistics::Pause::Pause(const RunningStatistics& statistics) {
  for (const auto& module : statistics.norms_) {
    OnNorm(*module, [&](auto& norm) {
      if (!norm.is_training()) return;
      taken_.Take(norm.running_mean);
      taken_.Take(norm.running_var);
      taken_.Take(norm.num_batches_tracked);
    });
  }
}

RunningStatistics::PauseCounts::PauseCounts(const RunningStatistics& statistics) {
  for (const auto& module : statistics.norms_) {
    OnNorm(*module, [&](auto& norm) {
      if (LeavesCounting(norm)) taken_.Take(norm.num_batches_tracked);
    });
  }
}

void RunningStatistics::CountBatch() {
  std::vector<at::Tensor> counts;
  for (const auto& module : norms_) {
    OnNorm(*module, [&](auto& norm) {
      if (LeavesCounting(norm)) counts.push_back(norm.num_batches_tracked);
    });
  }
  if (!counts.empty()) at::_foreach_add_(counts, 1);
}

void RunningStatistics::Without::Take(at::Tensor& member) {
  taken_.push_back({&member, std::exchange(member, at::Tensor())});
}

RunningStatistics::Without::~Without() {
  for (Member& taken : taken_) *taken.member = taken.tensor;
}

}  // namespace flowtrain
