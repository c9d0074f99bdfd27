#include "nodes/train/model/simclr_model.h"

#include <array>
#include <cstdio>

#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/model/initialise.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

class Holder : public torch::nn::Module {
 public:
  using torch::nn::Module::register_module;
};

}  // namespace

void SimclrModel::Declare(NodeSpec& spec) {
  spec.Doc("The network that is trained: a ResNet and a projection head.")
      .Uses("device", "Device")
      .Option(&SimclrModel::backbone_name_, "backbone", std::string("resnet18"), "The ResNet.",
              OneOf{{"resnet18", "resnet34", "resnet50"}})
      .Option(&SimclrModel::stem_, "stem", std::string("standard"),
              "standard: 7x7 stride 2 and max-pool; small: 3x3 stride 1, for 32x32 images.",
              OneOf{{"standard", "small"}})
      .Option(&SimclrModel::projection_hidden_, "projection_hidden", int64_t{0},
              "Width of the head's hidden layers; 0: the backbone's.", Between{0, 65536})
      .Option(&SimclrModel::projection_dim_, "projection_dim", int64_t{128},
              "Width of the representations the loss sees.", Between{1, 65536})
      .Option(&SimclrModel::projection_layers_, "projection_layers", int64_t{2},
              "Linear layers of the head.", Between{2, 3})
      .Option(&SimclrModel::projection_output_norm_, "projection_output_norm", false,
              "A batch-norm on the head's last layer too.")
      .Option(&SimclrModel::seed_, "seed", int64_t{42}, "Of the initial weights.", AtLeast{0})
      .Option(&SimclrModel::init_, "init", std::string(),
              "File of weights that the backbone starts from; empty: seeded ones.");
}

void SimclrModel::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
  backbone_ = std::make_shared<ResNet>(ResNetOptions{backbone_name_, stem_ == "small"});
  const int64_t features = backbone_->feature_dim();
  projection_ = std::make_shared<ProjectionHead>(
      ProjectionOptions{.in = features,
                        .hidden = projection_hidden_ > 0 ? projection_hidden_ : features,
                        .out = projection_dim_,
                        .layers = static_cast<int>(projection_layers_),
                        .output_norm = projection_output_norm_});
  const auto holder = std::make_shared<Holder>();
  holder->register_module("backbone", backbone_);
  holder->register_module("projection", projection_);
  module_ = holder;
  running_statistics_ = std::make_unique<RunningStatistics>(*module_);
  Initialise(*module_, static_cast<uint64_t>(seed_));
  if (!init_.empty()) {
    LoadBackbone(init_, *backbone_);
    LogInfo("the backbone starts from " + init_);
  }
  device_->Place(*module_);
}

std::string SimclrModel::FirstNonFiniteLayer(const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const RunningStatistics::Pause pause(*running_statistics_);
  std::string first;
  const LayerObserver look = [&first](const std::string& layer, const torch::Tensor& output) {
    if (first.empty() && !at::isfinite(output).all().item<bool>()) first = layer;
  };
  const torch::Tensor features = backbone_->forward(images, Within(look, "backbone"));
  projection_->forward(features, Within(look, "projection"));
  return first;
}

std::string SimclrModel::Description() const {
  int64_t count = 0;
  for (const torch::Tensor& parameter : module_->parameters()) count += parameter.numel();
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s (%s stem), %.1f M parameters", backbone_name_.c_str(),
                stem_.c_str(), static_cast<double>(count) / 1e6);
  return text.data();
}

FLOWTRAIN_REGISTER(SimclrModel);

}  // namespace flowtrain
