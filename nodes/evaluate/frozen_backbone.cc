#include "nodes/evaluate/frozen_backbone.h"

#include <c10/core/GradMode.h>

#include "nodes/device/autocast.h"
#include "nodes/distributed/rank_group.h"
#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/model/normalise.h"
#include "nodes/train/model/weights_digest.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void FrozenBackbone::Declare(NodeSpec& spec) {
  spec.Doc("A trained ResNet that is evaluated and not changed.")
      .Uses("device", "Device")
      .MayUse("ranks", "RankGroup")
      .Option(&FrozenBackbone::checkpoint_, "checkpoint", std::string(),
              "Checkpoint, or weights (.safetensors, .pt).")
      .Options(&FrozenBackbone::resnet_);
}

void FrozenBackbone::Open(const OpenContext& context) {
  if (checkpoint_.empty()) {
    throw ConfigError("say what to evaluate: set " + context.NameOf("checkpoint") +
                      " to a checkpoint, a run's folder or weights (.safetensors, .pt)");
  }
  device_ = &context.Get<Device>("device");
  network_ = std::make_shared<ResNet>(resnet_);
  LoadBackbone(checkpoint_, *network_, ResNetOptions::Names(context));
  network_->eval();
  device_->Adopt(*network_);
  // Each rank has read a file of its own machine.
  if (auto* ranks = context.TryGet<RankGroup>("ranks"); ranks != nullptr && ranks->several()) {
    ranks->ExpectSame("weights with the checksum " + WeightsDigest(*network_) + " of " +
                      context.NameOf("checkpoint"));
  }
  LogInfo("evaluating " + resnet_.Description() + " of " + checkpoint_);
}

at::Tensor FrozenBackbone::Encode(const at::Tensor& images) const {
  const c10::NoGradGuard no_grad;
  const Autocast autocast(device_->device().type(), device_->compute_type());
  return network_->forward(Normalise(images)).to(at::kFloat);
}

FLOWTRAIN_REGISTER(FrozenBackbone);

}  // namespace flowtrain
