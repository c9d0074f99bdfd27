#include "nodes/train/loss.h"

#include <stdexcept>

#include "nodes/train/nt_xent.h"

namespace flowtrain {

Loss MakeLoss(const LossOptions& options) {
  if (options.name == "nt_xent") {
    return [temperature = options.temperature](const at::Tensor& representations) {
      return NtXent(representations, temperature);
    };
  }
  throw std::invalid_argument("unknown loss '" + options.name + "'");
}

}  // namespace flowtrain
