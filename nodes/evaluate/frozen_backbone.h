// The network that is evaluated.
#pragma once

#include <memory>
#include <string>

#include "nodes/device/device.h"
#include "nodes/train/model/resnet.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// A backbone with weights from a file, on the device, in evaluation mode. Nothing changes it.
//
// Example:
//   backbone: {type: FrozenBackbone, options: {checkpoint: runs/first, backbone: resnet18}}
class FrozenBackbone final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError if no file is named or its weights are those of another network, DataError
  // if it cannot be read.
  void Open(const OpenContext& context) override;

  // uint8 [N, H, W, 3] images on the device to float [N, feature_dim()] features, without
  // gradients.
  at::Tensor Encode(const at::Tensor& images) const;

  int64_t feature_dim() const { return network_->feature_dim(); }
  Device& device() const { return *device_; }

 private:
  std::string checkpoint_;  // options
  ResNetOptions resnet_;

  Device* device_ = nullptr;
  std::shared_ptr<ResNet> network_;
};

}  // namespace flowtrain
