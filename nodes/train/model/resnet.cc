#include "nodes/train/model/resnet.h"

#include <ATen/Functions.h>
#include <torch/nn/modules/container/sequential.h>

#include <array>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

using torch::Tensor;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;
using torch::nn::ModuleList;
using torch::nn::Sequential;

// In place: nothing else reads a batch-norm's output.
Tensor Relu(Tensor x) { return at::relu_(x); }

Conv2d Conv(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return Conv2d(Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

// Of a single pixel any stride gives the same. With a stride of 2 libtorch 2.11 reads memory that is
// not the image's for the gradient of BF16 weights on a CPU.
Tensor Convolve(Conv2d& convolution, const Tensor& x) {
  if (x.size(2) > 1 || x.size(3) > 1) return convolution(x);
  const Tensor& weight = convolution->weight;
  return at::conv2d(x, weight, {}, /*stride=*/1, /*padding=*/weight.size(2) / 2);
}

// The shortcut of a block that changes shape; null where the shortcut is the identity.
Sequential Downsample(int64_t in, int64_t out, int64_t stride) {
  if (stride == 1 && in == out) return nullptr;
  return Sequential(Conv(in, out, 1, stride), BatchNorm2d(out));
}

Tensor Shortcut(Sequential& downsample, const Tensor& x, const LayerObserver& observe) {
  return downsample ? Seen(observe, "downsample", downsample->forward(x)) : x;
}

// A residual block.
class Block : public torch::nn::Module {
 public:
  virtual Tensor Forward(const Tensor& x, const LayerObserver& observe) = 0;
};

// Two 3x3 convolutions: ResNet-18 and 34.
class BasicBlock final : public Block {
 public:
  static constexpr int64_t kExpansion = 1;

  BasicBlock(int64_t in, int64_t width, int64_t stride)
      : conv1_(register_module("conv1", Conv(in, width, 3, stride))),
        bn1_(register_module("bn1", BatchNorm2d(width))),
        conv2_(register_module("conv2", Conv(width, width, 3, 1))),
        bn2_(register_module("bn2", BatchNorm2d(width))),
        downsample_(Downsample(in, width, stride)) {
    if (downsample_) register_module("downsample", downsample_);
  }

  Tensor Forward(const Tensor& x, const LayerObserver& observe) override {
    Tensor y = Seen(observe, "conv1", Convolve(conv1_, x));
    y = Relu(Seen(observe, "bn1", bn1_(y)));
    y = Seen(observe, "conv2", conv2_(y));
    y = Seen(observe, "bn2", bn2_(y));
    return Relu(y.add_(Shortcut(downsample_, x, observe)));
  }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  Sequential downsample_;
};

// 1x1, 3x3, 1x1 with four times the width out: ResNet-50. The stride is on the 3x3, as in
// torchvision.
class Bottleneck final : public Block {
 public:
  static constexpr int64_t kExpansion = 4;

  Bottleneck(int64_t in, int64_t width, int64_t stride)
      : conv1_(register_module("conv1", Conv(in, width, 1, 1))),
        bn1_(register_module("bn1", BatchNorm2d(width))),
        conv2_(register_module("conv2", Conv(width, width, 3, stride))),
        bn2_(register_module("bn2", BatchNorm2d(width))),
        conv3_(register_module("conv3", Conv(width, width * kExpansion, 1, 1))),
        bn3_(register_module("bn3", BatchNorm2d(width * kExpansion))),
        downsample_(Downsample(in, width * kExpansion, stride)) {
    if (downsample_) register_module("downsample", downsample_);
  }

  Tensor Forward(const Tensor& x, const LayerObserver& observe) override {
    Tensor y = Seen(observe, "conv1", conv1_(x));
    y = Relu(Seen(observe, "bn1", bn1_(y)));
    y = Seen(observe, "conv2", Convolve(conv2_, y));
    y = Relu(Seen(observe, "bn2", bn2_(y)));
    y = Seen(observe, "conv3", conv3_(y));
    y = Seen(observe, "bn3", bn3_(y));
    return Relu(y.add_(Shortcut(downsample_, x, observe)));
  }

 private:
  Conv2d conv1_;
  BatchNorm2d bn1_;
  Conv2d conv2_;
  BatchNorm2d bn2_;
  Conv2d conv3_;
  BatchNorm2d bn3_;
  Sequential downsample_;
};

struct Shape {
  std::array<int, 4> blocks;  // in each layer
  bool bottleneck;
};

Shape ShapeOf(Backbone name) {
  switch (name) {
    case Backbone::kResNet18:
      return {{2, 2, 2, 2}, false};
    case Backbone::kResNet34:
      return {{3, 4, 6, 3}, false};
    case Backbone::kResNet50:
      return {{3, 4, 6, 3}, true};
  }
  throw std::logic_error("a backbone without a name");
}

constexpr double kNarrowest = 0.125, kWidest = 8;  // multipliers

int64_t StemChannels(double multiplier) {
  const double channels = kStemChannels * multiplier;
  if (channels != std::floor(channels)) {
    throw ConfigError("a width_multiplier of " + ShowNumber(multiplier) + " makes " +
                      ShowNumber(channels) + " channels of the stem's " +
                      std::to_string(kStemChannels) + "; take " +
                      ShowNumber(std::round(channels) / kStemChannels));
  }
  return static_cast<int64_t>(channels);
}

template <typename Kind>
ModuleList Stack(int64_t& channels, int64_t width, int blocks, int64_t stride) {
  ModuleList layer;
  for (int i = 0; i < blocks; ++i) {
    layer->push_back(std::make_shared<Kind>(channels, width, i == 0 ? stride : 1));
    channels = width * Kind::kExpansion;
  }
  return layer;
}

Tensor Through(const ModuleList& layer, Tensor x, const LayerObserver& observe) {
  for (const auto& block : layer->named_children()) {
    x = dynamic_cast<Block&>(*block.value()).Forward(x, Within(observe, block.key()));
  }
  return x;
}

}  // namespace

Choices<Backbone> Backbones() {
  return {{{"resnet18", Backbone::kResNet18},
           {"resnet34", Backbone::kResNet34},
           {"resnet50", Backbone::kResNet50}}};
}

Choices<Stem> Stems() { return {{{"standard", Stem::kStandard}, {"small", Stem::kSmall}}}; }

std::string ResNetOptions::Description() const {
  const std::string wide = width_multiplier == 1 ? "" : ' ' + ShowNumber(width_multiplier) + 'x';
  return ChoiceName(Backbones(), name) + wide + " (" + ChoiceName(Stems(), stem) + " stem)";
}

void ResNetOptions::Declare(OptionsOf<ResNetOptions>& options) {
  options.Option(&ResNetOptions::name, "backbone", "The ResNet.", Backbones())
      .Option(&ResNetOptions::stem, "stem",
              "standard: 7x7 stride 2 and max-pool; small: 3x3 stride 1, for 32x32 images.",
              Stems())
      .Option(&ResNetOptions::width_multiplier, "width_multiplier",
              "Of the channels of every layer: 2 makes SimCLR's ResNet-50 (2x).",
              Between{kNarrowest, kWidest});
}

std::string ResNetOptions::Names(const OpenContext& context) {
  return context.NameOf("backbone") + ", " + context.NameOf("stem") + " and " +
         context.NameOf("width_multiplier");
}

ResNet::ResNet(const ResNetOptions& options) : small_stem_(options.stem == Stem::kSmall) {
  const auto [blocks, bottleneck] = ShapeOf(options.name);
  const int64_t width = channels_ = StemChannels(options.width_multiplier);
  conv1_ = register_module("conv1", small_stem_ ? Conv(3, width, 3, 1) : Conv(3, width, 7, 2));
  bn1_ = register_module("bn1", BatchNorm2d(width));
  layer1_ = register_module("layer1", MakeLayer(width, blocks[0], 1, bottleneck));
  layer2_ = register_module("layer2", MakeLayer(2 * width, blocks[1], 2, bottleneck));
  layer3_ = register_module("layer3", MakeLayer(4 * width, blocks[2], 2, bottleneck));
  layer4_ = register_module("layer4", MakeLayer(8 * width, blocks[3], 2, bottleneck));
  feature_dim_ = channels_;
}

Tensor ResNet::forward(const Tensor& images, const LayerObserver& observe) {
  Tensor x = Seen(observe, "conv1", Convolve(conv1_, images));
  x = Relu(Seen(observe, "bn1", bn1_(x)));
  if (!small_stem_) x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
  for (const auto& [name, layer] : {std::pair("layer1", layer1_), std::pair("layer2", layer2_),
                                    std::pair("layer3", layer3_), std::pair("layer4", layer4_)}) {
    x = Through(layer, x, Within(observe, name));
  }
  return at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
}

ModuleList ResNet::MakeLayer(int64_t width, int blocks, int64_t stride, bool bottleneck) {
  return bottleneck ? Stack<Bottleneck>(channels_, width, blocks, stride)
                    : Stack<BasicBlock>(channels_, width, blocks, stride);
}

}  // namespace flowtrain
