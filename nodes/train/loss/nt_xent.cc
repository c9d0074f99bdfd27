#include "nodes/train/loss/nt_xent.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <limits>

#include "nodes/device/autocast.h"
#include "nodes/train/loss/cosine_logits.h"
#include "nodes/train/loss/loss_input.h"

namespace flowtrain {

at::Tensor NtXent(const at::Tensor& representations, double temperature) {
  const NoAutocast fp32(representations.device().type());
  const CosineLogits logits = MakeCosineLogits(LossInput(representations, "NT-Xent"), temperature);
  const at::Tensor itself = at::eye(logits.all.size(0), logits.all.options().dtype(at::kBool));
  const at::Tensor others =
      logits.all.masked_fill_(itself, -std::numeric_limits<double>::infinity());
  return at::logsumexp(others, 1).mean() - logits.positives.mean();
}

}  // namespace flowtrain
