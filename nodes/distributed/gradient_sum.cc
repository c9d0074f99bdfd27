#include "nodes/distributed/gradient_sum.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <utility>

#include "pipeline/base/clock.h"

namespace flowtrain {

class GradientSum::Hook final : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientSum& sum, size_t parameter) : sum_(sum), parameter_(parameter) {}
  void operator()(const at::Tensor&) override { sum_.Note(parameter_); }

 private:
  GradientSum& sum_;
  const size_t parameter_;
};

GradientSum::GradientSum(RankGroup& group, std::vector<at::Tensor> parameters, int64_t bucket_bytes)
    : group_(group), parameters_(std::move(parameters)), bucket_of_(parameters_.size()) {
  int64_t bytes = bucket_bytes;  // of the bucket being filled
  for (size_t i = parameters_.size(); i-- > 0;) {
    if (bytes >= bucket_bytes) {
      buckets_.emplace_back();
      bytes = 0;
    }
    bytes += static_cast<int64_t>(parameters_[i].nbytes());
    buckets_.back().parameters.push_back(i);
    bucket_of_[i] = buckets_.size() - 1;
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i],
                                                   std::make_unique<Hook>(*this, i));
  }
}

GradientSum::~GradientSum() {
  for (const at::Tensor& parameter : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  }
}

void GradientSum::Begin(std::vector<at::Tensor> before) {
  before_ = std::move(before);
  sent_ = 0;
  begun_ns_ = NowNs();
  for (Bucket& bucket : buckets_) {
    bucket.missing = bucket.parameters.size();
    bucket.pending.reset();
  }
  active_ = true;
}

void GradientSum::Note(size_t parameter) {
  if (!active_) return;
  --buckets_[bucket_of_[parameter]].missing;
  SendWhatIsReady(/*all=*/false);
}

void GradientSum::SendWhatIsReady(bool all) {
  while (sent_ < buckets_.size() && (all || buckets_[sent_].missing == 0)) Send(buckets_[sent_++]);
}

void GradientSum::Send(Bucket& bucket) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const size_t i : bucket.parameters) {
    const at::Tensor& own = parameters_[i].grad();
    if (before_[i].defined() && own.defined()) before_[i].add_(own);
    const at::Tensor& gradient = before_[i].defined() ? before_[i] : own;
    parts.push_back(gradient.defined() ? gradient.flatten()
                                       : at::zeros({parameters_[i].numel()},
                                                   parameters_[i].options().requires_grad(false)));
  }
  bucket.sum = at::cat(parts);
  bucket.pending = group_.StartSum(bucket.sum);
}

void GradientSum::Finish() {
  group_.log().Add(CollectiveSpan::Kind::kLastBackward, 0, begun_ns_);
  SendWhatIsReady(/*all=*/true);
  active_ = false;
  for (Bucket& bucket : buckets_) {
    bucket.pending->Wait();
    TakeBack(bucket);
    bucket.pending.reset();
  }
  before_.clear();
}

void GradientSum::TakeBack(const Bucket& bucket) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients, sums;
  int64_t first = 0;
  for (const size_t i : bucket.parameters) {
    at::Tensor& gradient = parameters_[i].mutable_grad();
    if (before_[i].defined()) gradient = before_[i];
    if (!gradient.defined()) gradient = at::empty_like(parameters_[i]);
    gradients.push_back(gradient);
    sums.push_back(bucket.sum.narrow(0, first, gradient.numel()).view(gradient.sizes()));
    first += gradient.numel();
  }
  at::_foreach_copy_(gradients, sums);
}

}  // namespace flowtrain
