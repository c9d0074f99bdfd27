// A linear classifier on fixed features.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "pipeline/node/options.h"

namespace flowtrain {

struct LinearOptions {
  int64_t classes = 0;
  int64_t epochs = 100;
  int64_t batch_size = 256;
  double learning_rate = 0.03;  // at first; falls to 0 along a cosine, step by step
  double weight_decay = 0;      // of the weights, not the biases
  double momentum = 0.9;
  uint64_t seed = 42;  // for the order of the images

  // epochs, batch_size, momentum and seed
  static void Declare(OptionsOf<LinearOptions>& options);
};

struct LinearClassifier {
  at::Tensor mean, scale;   // [D]: to standardise features
  at::Tensor weight, bias;  // [C, D], [C]

  at::Tensor Logits(const at::Tensor& features) const;  // [N, D] to [N, C]
};

// Multinomial logistic regression by SGD with momentum, from zero weights, on features [N, D] float
// with classes [N] int64, on whatever device they are. Features are standardised by their own mean
// and deviation first, so that learning rates mean the same for every backbone (as the batch-norm
// without scale and shift does in He et al., "Masked Autoencoders Are Scalable Vision Learners",
// CVPR 2022, appendix A.1). The same seed gives the same classifier. Throws DataError for features
// so large that their deviation is not finite. With too high a learning rate the classifier itself
// is not.
LinearClassifier TrainLinear(const at::Tensor& features, const at::Tensor& labels,
                             const LinearOptions& options);

// The share of the rows of `logits` [N, C], finite, whose class is among their `k` largest, 0 to 1.
// Of equal ones the first count as larger.
double TopK(const at::Tensor& logits, const at::Tensor& labels, int64_t k);

}  // namespace flowtrain
