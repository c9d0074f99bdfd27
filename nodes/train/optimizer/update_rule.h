// The optimisers: how parameters move for given gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nodes/train/weights/named_tensors.h"
#include "pipeline/node/options.h"

namespace flowtrain {

enum class UpdateName : uint8_t { kSgd, kAdamW, kLars };
Choices<UpdateName> UpdateNames();  // "sgd", …

struct UpdateOptions {
  UpdateName name = UpdateName::kSgd;
  double momentum = 0.9;                    // sgd, lars
  std::array<double, 2> betas{0.9, 0.999};  // adamw
  double weight_decay = 5e-4;

  static void Declare(OptionsOf<UpdateOptions>& options);
};

// Parameters that are updated alike. Weight decay and LARS's adaptation skip biases and batch-norm
// (parameters of fewer than two dimensions), as in the papers.
struct ParameterGroup {
  std::vector<at::Tensor> parameters;
  bool decayed = false;
  std::vector<at::Tensor> Gradients() const;
};

// One optimiser with its state. No call waits for the device.
class UpdateRule {
 public:
  virtual ~UpdateRule() = default;
  // Moves the parameters by their gradients, which it may overwrite. `found_inf` is a device
  // scalar: if it is 1, parameters and state stay as they are, bit for bit.
  virtual void Apply(double learning_rate, const at::Tensor& found_inf) = 0;
  // What it keeps from step to step, by name: the tensors themselves, not copies.
  virtual NamedTensors State() const = 0;
};

std::unique_ptr<UpdateRule> MakeUpdateRule(const UpdateOptions& options,
                                           const std::vector<at::Tensor>& parameters);

// Stochastic gradient descent with momentum, as torch.optim.SGD: v = m v + (g + wd w), w -= lr v.
std::unique_ptr<UpdateRule> MakeSgd(const UpdateOptions& options,
                                    std::vector<ParameterGroup> groups);
// Adam with decoupled weight decay (Loshchilov, Hutter: "Decoupled Weight Decay Regularization",
// ICLR 2019), eps 1e-8.
std::unique_ptr<UpdateRule> MakeAdamW(const UpdateOptions& options,
                                      std::vector<ParameterGroup> groups);
// LARS (You, Gitman, Ginsburg: "Large Batch Training of Convolutional Networks", 2017), trust
// coefficient 0.001: v = m v + lr t (g + wd w), w -= v, with t = 0.001 |w| / (|g| + wd |w|) for
// decayed parameters and 1 for the others.
std::unique_ptr<UpdateRule> MakeLars(const UpdateOptions& options,
                                     std::vector<ParameterGroup> groups);

// v = m v + g + wd w, w -= lr v for all parameters in one call; nothing if `found_inf` is 1. A
// velocity that begins at zero makes the first step like the others.
struct MomentumStep {
  double learning_rate = 0, momentum = 0, weight_decay = 0;

  void Apply(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
             const std::vector<at::Tensor>& velocity, const at::Tensor& found_inf) const;
};

// Adds a list of tensors to a state, as NAME.0, NAME.1, …
void AddList(const std::string& name, const std::vector<at::Tensor>& tensors, NamedTensors& state);
std::vector<at::Tensor> ZerosLike(const std::vector<at::Tensor>& tensors);

}  // namespace flowtrain
