// ResNet-18, 34 and 50 without the classifier (He et al., "Deep Residual Learning for Image
// Recognition", CVPR 2016), with torchvision's parameter names, so that its weights and ours are
// interchangeable.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

#include <cstdint>
#include <string>

#include "nodes/train/model/batch_norm.h"
#include "nodes/train/model/layer_observer.h"
#include "pipeline/node/node.h"
#include "pipeline/node/options.h"

namespace flowtrain {

enum class Backbone : uint8_t { kResNet18, kResNet34, kResNet50 };
Choices<Backbone> Backbones();  // "resnet18", …

enum class Stem : uint8_t {
  kStandard,  // 7x7 convolution of stride 2 and a max-pool, for images of 64 pixels and more
  kSmall  // 3x3 of stride 1 and no pool, as SimCLR does for CIFAR (Chen et al. 2020, appendix B.9)
};
Choices<Stem> Stems();  // "standard", …

inline constexpr int64_t kStemChannels = 64;  // of the usual width

struct ResNetOptions {
  Backbone name = Backbone::kResNet18;
  Stem stem = Stem::kStandard;
  // Of the channels of every layer, as in SimCLR's ResNet-50 (2x) and (4x). The stem has 64 of them
  // times this, which must be a whole number.
  double width_multiplier = 1;

  // "resnet18 (standard stem)", "resnet50 2x (standard stem)"
  std::string Description() const;
  static void Declare(OptionsOf<ResNetOptions>& options);
  // The names of the options, for messages: "model.backbone, model.stem and …".
  static std::string Names(const OpenContext& context);
};

class ResNet : public torch::nn::Module {
 public:
  // Weights are torch's defaults until Initialise. Throws ConfigError for a multiplier that leaves
  // part of a channel.
  explicit ResNet(const ResNetOptions& options);

  // [N, 3, H, W] to [N, feature_dim()]: the average over the last feature map.
  torch::Tensor forward(const torch::Tensor& images, const LayerObserver& observe = nullptr);
  int64_t feature_dim() const { return feature_dim_; }

 private:
  torch::nn::ModuleList MakeLayer(int64_t width, int blocks, int64_t stride, bool bottleneck);

  const bool small_stem_;
  int64_t channels_ = 0;  // of the layer made last
  int64_t feature_dim_ = 0;
  torch::nn::Conv2d conv1_{nullptr};
  BatchNorm2d bn1_{nullptr};
  torch::nn::ModuleList layer1_{nullptr}, layer2_{nullptr}, layer3_{nullptr}, layer4_{nullptr};
};

}  // namespace flowtrain
