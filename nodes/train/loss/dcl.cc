#include "nodes/train/loss/dcl.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <limits>

#include "nodes/device/autocast.h"
#include "nodes/train/loss/cosine_logits.h"
#include "nodes/train/loss/loss_input.h"

namespace flowtrain {

at::Tensor Dcl(const at::Tensor& representations, double temperature) {
  const NoAutocast fp32(representations.device().type());
  const CosineLogits logits = MakeCosineLogits(LossInput(representations, "DCL"), temperature);
  const int64_t half = logits.positives.size(0);
  // Both views of the anchor's image: the anchor itself and its positive.
  const at::Tensor own = at::eye(half, logits.all.options().dtype(at::kBool)).repeat({2, 2});
  const at::Tensor negatives =
      logits.all.masked_fill_(own, -std::numeric_limits<double>::infinity());
  return at::logsumexp(negatives, 1).mean() - logits.positives.mean();
}

}  // namespace flowtrain
