#include "nodes/train/loss/loss.h"

#include <stdexcept>

#include "nodes/train/loss/barlow_twins.h"
#include "nodes/train/loss/dcl.h"
#include "nodes/train/loss/nt_xent.h"

namespace flowtrain {

using at::Tensor;

Choices<LossName> LossNames() {
  return {{{"nt_xent", LossName::kNtXent},
           {"dcl", LossName::kDcl},
           {"barlow_twins", LossName::kBarlowTwins},
           {"vicreg", LossName::kVicreg}}};
}

void LossOptions::Declare(OptionsOf<LossOptions>& options) {
  using Self = LossOptions;
  options
      .Option(&Self::name, "loss",
              "nt_xent: SimCLR; dcl: decoupled contrastive learning; barlow_twins; vicreg.",
              LossNames())
      .Option(&Self::temperature, "temperature",
              "Temperature of nt_xent and dcl: similarities are divided by it.", AtLeast{1e-4})
      .Option(&Self::barlow_twins_lambda, "barlow_twins_lambda",
              "Weight of barlow_twins' redundancy term.", AtLeast{0})
      .Options(&Self::vicreg);
}

Loss MakeLoss(const LossOptions& options) {
  switch (options.name) {
    case LossName::kNtXent:
      return [t = options.temperature](const Tensor& z) { return NtXent(z, t); };
    case LossName::kDcl:
      return [t = options.temperature](const Tensor& z) { return Dcl(z, t); };
    case LossName::kBarlowTwins:
      return [lambda = options.barlow_twins_lambda](const Tensor& z) {
        return BarlowTwins(z, lambda);
      };
    case LossName::kVicreg:
      return [weights = options.vicreg](const Tensor& z) { return Vicreg(z, weights); };
  }
  throw std::logic_error("a loss without a name");
}

}  // namespace flowtrain
