#include "nodes/evaluate/frozen_backbone.h"

#include <c10/core/GradMode.h>

#include "nodes/device/autocast.h"
#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/model/normalise.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void FrozenBackbone::Declare(NodeSpec& spec) {
  spec.Doc("A trained ResNet that is evaluated and not changed.")
      .Uses("device", "Device")
      .Option(&FrozenBackbone::checkpoint_, "checkpoint", std::string(),
              "Checkpoint, or weights (.safetensors).")
      .Option(&FrozenBackbone::name_, "name", std::string("resnet18"), "The ResNet.",
              OneOf{{"resnet18", "resnet34", "resnet50"}})
      .Option(&FrozenBackbone::stem_, "stem", std::string("standard"),
              "standard: 7x7 stride 2 and max-pool; small: 3x3 stride 1.",
              OneOf{{"standard", "small"}});
}

void FrozenBackbone::Open(const OpenContext& context) {
  if (checkpoint_.empty()) {
    throw ConfigError(
        "say what to evaluate, a checkpoint, a run's folder or a .safetensors file: --set "
        "checkpoint=PATH");
  }
  device_ = &context.Get<Device>("device");
  network_ = std::make_shared<ResNet>(ResNetOptions{name_, stem_ == "small"});
  LoadBackbone(checkpoint_, *network_);
  network_->eval();
  device_->Place(*network_);
  LogInfo("evaluating " + name_ + " (" + stem_ + " stem) of " + checkpoint_);
}

at::Tensor FrozenBackbone::Encode(const at::Tensor& images) const {
  const c10::NoGradGuard no_grad;
  const Autocast autocast(device_->device().type(), device_->compute_type());
  return network_->forward(Normalise(images)).to(at::kFloat);
}

FLOWTRAIN_REGISTER(FrozenBackbone);

}  // namespace flowtrain
