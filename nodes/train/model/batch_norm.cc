#include "nodes/train/model/batch_norm.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace flowtrain {
namespace {

// Half-precision sums over many images would be wrong.
at::Tensor Wide(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

// Every dimension but the channels'.
std::vector<int64_t> OverImages(const at::Tensor& x) {
  std::vector<int64_t> dims = {0};
  for (int64_t dim = 2; dim < x.dim(); ++dim) dims.push_back(dim);
  return dims;
}

// A value per channel, to be combined with x.
at::Tensor PerChannel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = -1;
  return values.view(shape);
}

struct Moments {
  at::Tensor mean, squares;  // per channel: the sum of the squared distances from the mean
  at::Tensor count;          // values a channel, on all ranks
};

// Chan's formula puts the ranks' moments together: sums of squares would cancel out.
Moments MomentsOfAll(const at::Tensor& wide, const NormPeers& peers) {
  const int64_t channels = wide.size(1);
  const double own = static_cast<double>(wide.numel()) / static_cast<double>(channels);
  const auto [variance, mean] = at::var_mean(wide, OverImages(wide), /*correction=*/0);
  const at::Tensor all =
      peers.gather(at::cat({mean, variance * own, at::full({1}, own, mean.options())}));
  const at::Tensor means = all.narrow(1, 0, channels), counts = all.narrow(1, 2 * channels, 1);
  Moments moments;
  moments.count = counts.sum();
  moments.mean = (means * counts).sum(0) / moments.count;
  moments.squares =
      (all.narrow(1, channels, channels) + counts * (means - moments.mean).square()).sum(0);
  return moments;
}

class Normalised final : public torch::autograd::Function<Normalised> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight, const at::Tensor& bias,
                            const Moments& moments, double eps, const NormPeers* peers) {
    const at::Tensor scale = (moments.squares / moments.count + eps).rsqrt();
    context->save_for_backward({x, weight, moments.mean, scale, moments.count});
    context->saved_data["peers"] = reinterpret_cast<int64_t>(peers);
    const at::Tensor factor = scale * weight;
    return at::addcmul(PerChannel(bias - moments.mean * factor, x), Wide(x), PerChannel(factor, x))
        .to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &scale = saved[3], &count = saved[4];
    // Autograd saves numbers and no pointers. NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* peers = reinterpret_cast<const NormPeers*>(context->saved_data["peers"].toInt());
    const at::Tensor gradient = Wide(gradients[0]);
    const at::Tensor normal = (Wide(x) - PerChannel(saved[2], x)) * PerChannel(scale, x);
    const at::Tensor of_bias = gradient.sum(OverImages(x));
    const at::Tensor of_weight = (gradient * normal).sum(OverImages(x));
    const at::Tensor sums = at::cat({of_bias, of_weight});
    peers->sum(sums);
    const std::vector<at::Tensor> means = (sums / count).chunk(2);
    const at::Tensor of_x =
        (gradient - PerChannel(means[0], x) - normal * PerChannel(means[1], x)) *
        PerChannel(scale * weight, x);
    return {of_x.to(x.scalar_type()), of_weight, of_bias, {}, {}, {}};
  }
};

template <typename Norm>
at::Tensor Normalise(const at::Tensor& x, Norm& norm, const NormPeers& peers) {
  Moments moments;
  {
    const c10::NoGradGuard no_grad;
    moments = MomentsOfAll(Wide(x), peers);
    if (norm.running_mean.defined()) {
      const double momentum = norm.options.momentum().value();
      norm.running_mean.lerp_(moments.mean, momentum);
      norm.running_var.lerp_(moments.squares / (moments.count - 1), momentum);
    }
    if (norm.num_batches_tracked.defined()) norm.num_batches_tracked.add_(1);
  }
  return Normalised::apply(x, norm.weight, norm.bias, moments, norm.options.eps(), &peers);
}

}  // namespace

namespace internal {
at::Tensor NormaliseTogether(const at::Tensor& x, torch::nn::BatchNorm2dImpl& norm,
                             const NormPeers& peers) {
  return Normalise(x, norm, peers);
}
at::Tensor NormaliseTogether(const at::Tensor& x, torch::nn::BatchNorm1dImpl& norm,
                             const NormPeers& peers) {
  return Normalise(x, norm, peers);
}
}  // namespace internal

void ShareNorms(torch::nn::Module& module, const NormPeers* peers) {
  for (const auto& each : module.modules()) {
    if (auto* norm = each->as<BatchNorm1d>()) norm->Share(peers);
    if (auto* norm = each->as<BatchNorm2d>()) norm->Share(peers);
  }
}

}  // namespace flowtrain
