// Batch-norm over the images of this process, or over those of all ranks.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>

#include <functional>

namespace flowtrain {

// The other ranks, as batch-norms need them. All ranks make the same calls in the same order.
struct NormPeers {
  // Set while every rank makes the same passes. Each norm in training mode then takes its mean and
  // variance from the images that all ranks pass through it at a time ("synchronised batch-norm").
  bool together = false;
  // [n] to [ranks, n].
  std::function<at::Tensor(const at::Tensor& own)> gather;
  std::function<void(const at::Tensor& tensor)> sum;  // over the ranks, in place
};

namespace internal {
// Normalises x [N, C, …] with the mean and variance of all ranks' x, and moves the running
// statistics of `norm` by them where it has some. The parameters' gradients are those of this rank's
// part: they are still to be added up.
at::Tensor NormaliseTogether(const at::Tensor& x, torch::nn::BatchNorm2dImpl& norm,
                             const NormPeers& peers);
at::Tensor NormaliseTogether(const at::Tensor& x, torch::nn::BatchNorm1dImpl& norm,
                             const NormPeers& peers);
}  // namespace internal

// libtorch's, which NormPeers can be given to.
template <typename Base>
class SharedNorm final : public Base {
 public:
  using Base::Base;

  void Share(const NormPeers* peers) { peers_ = peers; }

  at::Tensor forward(const at::Tensor& x) {
    if (peers_ == nullptr || !peers_->together || !this->is_training()) return Base::forward(x);
    return internal::NormaliseTogether(x, *this, *peers_);
  }

 private:
  const NormPeers* peers_ = nullptr;
};

using BatchNorm1d = torch::nn::ModuleHolder<SharedNorm<torch::nn::BatchNorm1dImpl>>;
using BatchNorm2d = torch::nn::ModuleHolder<SharedNorm<torch::nn::BatchNorm2dImpl>>;

// All batch-norms below the module. `peers` may be null, and must live as long as they are used.
void ShareNorms(torch::nn::Module& module, const NormPeers* peers);

}  // namespace flowtrain
