#include "nodes/evaluate/linear_classifier.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "nodes/evaluate/feature_table.h"
#include "pipeline/base/error.h"
#include "pipeline/base/philox.h"

namespace flowtrain {
namespace {

at::Tensor Shuffled(int64_t count, uint64_t seed, int64_t epoch) {
  const Permutation order(
      static_cast<uint64_t>(count),
      {.seed = seed, .stream = static_cast<uint64_t>(epoch), .purpose = kShuffle});
  std::vector<int64_t> index(static_cast<size_t>(count));
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(order(i));
  return at::tensor(index, at::kLong);
}

// The classifier while it learns. The gradient is written out: building an autograd graph in every
// step costs more than these products.
class Learner {
 public:
  Learner(const at::Tensor& features, const LinearOptions& options)
      : options_(options),
        weight_(at::zeros({options.classes, features.size(1)}, features.options())),
        bias_(at::zeros({options.classes}, features.options())),
        weight_velocity_(at::zeros_like(weight_)),
        bias_velocity_(at::zeros_like(bias_)) {}

  void Step(const at::Tensor& x, const at::Tensor& labels, double learning_rate) {
    // d loss / d logits of the mean cross-entropy: softmax minus one-hot, over the batch.
    at::Tensor gradient = at::addmm(bias_, x, weight_.t()).softmax(1);
    const at::Tensor own = labels.unsqueeze(1);
    gradient.scatter_add_(1, own, at::full_like(own, -1, gradient.options()));
    gradient.div_(x.size(0));
    weight_velocity_.mul_(options_.momentum)
        .addmm_(gradient.t(), x)
        .add_(weight_, options_.weight_decay);
    bias_velocity_.mul_(options_.momentum).add_(gradient.sum(0));
    weight_.sub_(weight_velocity_, learning_rate);
    bias_.sub_(bias_velocity_, learning_rate);
  }

  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

 private:
  const LinearOptions options_;
  at::Tensor weight_, bias_, weight_velocity_, bias_velocity_;
};

}  // namespace

void LinearOptions::Declare(OptionsOf<LinearOptions>& options) {
  using Self = LinearOptions;
  options.Option(&Self::epochs, "epochs", "Passes over the bank.", AtLeast{1})
      .Option(&Self::batch_size, "batch_size", "Features per optimiser step.", AtLeast{1})
      .Option(&Self::momentum, "momentum", "Momentum of SGD.", Between{0, 1})
      .Option(&Self::seed, "seed", "Seed of the order of the features.", AtLeast{0});
}

at::Tensor LinearClassifier::Logits(const at::Tensor& features) const {
  return at::addmm(bias, (features - mean) / scale, weight.t());
}

LinearClassifier TrainLinear(const at::Tensor& features, const at::Tensor& labels,
                             const LinearOptions& options) {
  const c10::NoGradGuard no_grad;
  LinearClassifier classifier;
  classifier.mean = features.mean(0);
  // A feature that is the same for all images stays 0.
  classifier.scale = features.std(0, /*unbiased=*/false).clamp_min(1e-6);
  if (!AllFinite(classifier.scale)) {
    throw DataError("the features are too large for a linear probe: their deviation overflows");
  }
  const at::Tensor standard = (features - classifier.mean) / classifier.scale;
  const int64_t images = features.size(0);
  const int64_t batches = (images + options.batch_size - 1) / options.batch_size;
  const auto steps = static_cast<double>(batches * options.epochs);
  Learner learner(standard, options);
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    const at::Tensor order = Shuffled(images, options.seed, epoch).to(features.device());
    const at::Tensor x = standard.index_select(0, order), y = labels.index_select(0, order);
    for (int64_t batch = 0; batch < batches; ++batch) {
      const double done = static_cast<double>(epoch * batches + batch) / steps;
      const double rate =
          options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi_v<double> * done));
      const int64_t first = batch * options.batch_size;
      const int64_t rows = std::min(options.batch_size, images - first);
      learner.Step(x.narrow(0, first, rows), y.narrow(0, first, rows), rate);
    }
  }
  classifier.weight = learner.weight();
  classifier.bias = learner.bias();
  return classifier;
}

double TopK(const at::Tensor& logits, const at::Tensor& labels, int64_t k) {
  const at::Tensor own_class = labels.unsqueeze(1), own = logits.gather(1, own_class);
  const at::Tensor classes = at::arange(logits.size(1), labels.options());
  const at::Tensor before = logits.eq(own).logical_and(classes.lt(own_class));
  const at::Tensor rank = logits.gt(own).logical_or(before).sum(1);
  return rank.lt(k).to(at::kDouble).mean().item<double>();
}

}  // namespace flowtrain
