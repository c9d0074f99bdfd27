// Loss scaling for FP16 gradients (Micikevicius et al., "Mixed Precision Training", ICLR 2018).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Keeps the scale on the device and never waits for it. Defaults are those of torch.amp.GradScaler:
// the scale starts at 65536, halves after a non-finite gradient and doubles after 2000 good steps
// in a row. If it is not enabled, the scale is always 1.
class LossScaler {
 public:
  LossScaler(bool enabled, const at::TensorOptions& options);

  at::Tensor Scale(const at::Tensor& loss) const;
  // Divides the gradients by the scale, and notes whether one of them, or the loss if given, is not
  // finite.
  void Unscale(std::vector<at::Tensor> gradients, const at::Tensor& loss = {});
  void Update();  // after the optimiser's step

  const at::Tensor& found_inf() const { return found_inf_; }  // 1 or 0, of the last Unscale
  const at::Tensor& scale() const { return scale_; }          // [1]

  // What it keeps from step to step, by name: the tensors themselves; nothing if it is not enabled.
  NamedTensors State() const;

 private:
  const bool enabled_;
  at::Tensor scale_, growth_tracker_, found_inf_;
};

}  // namespace flowtrain
