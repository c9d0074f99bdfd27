#include "nodes/train/loss/loss.h"

#include <stdexcept>

#include "nodes/train/loss/barlow_twins.h"
#include "nodes/train/loss/dcl.h"
#include "nodes/train/loss/nt_xent.h"

namespace flowtrain {

using at::Tensor;

Loss MakeLoss(const LossOptions& options) {
  if (options.name == "nt_xent") {
    return [t = options.temperature](const Tensor& z) { return NtXent(z, t); };
  }
  if (options.name == "dcl") {
    return [t = options.temperature](const Tensor& z) { return Dcl(z, t); };
  }
  if (options.name == "barlow_twins") {
    return
        [lambda = options.barlow_twins_lambda](const Tensor& z) { return BarlowTwins(z, lambda); };
  }
  if (options.name == "vicreg") {
    return [weights = options.vicreg](const Tensor& z) { return Vicreg(z, weights); };
  }
  throw std::invalid_argument("unknown loss '" + options.name + "'");
}

}  // namespace flowtrain
