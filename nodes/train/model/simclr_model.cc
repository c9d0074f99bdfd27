#include "nodes/train/model/simclr_model.h"

#include <array>
#include <cstdio>

#include "nodes/train/model/backbone_weights.h"
#include "nodes/train/model/initialise.h"
#include "nodes/train/model/normalise.h"
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
      .Options(&SimclrModel::resnet_)
      .Options(&SimclrModel::head_)
      .Option(&SimclrModel::init_, "init", std::string(),
              "File of weights that the backbone starts from; empty: seeded ones.")
      .Option(&SimclrModel::seed_, "seed", int64_t{42}, "Seed of the initial weights.", AtLeast{0});
}

void SimclrModel::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
  backbone_ = std::make_shared<ResNet>(resnet_);
  ProjectionOptions head = head_;
  head.in = backbone_->feature_dim();
  projection_ = std::make_shared<ProjectionHead>(head);
  const auto holder = std::make_shared<Holder>();
  holder->register_module("backbone", backbone_);
  holder->register_module("projection", projection_);
  module_ = holder;
  running_statistics_ = std::make_unique<RunningStatistics>(*module_);
  Initialise(*module_, static_cast<uint64_t>(seed_));
  if (!init_.empty()) {
    LoadBackbone(init_, *backbone_, ResNetOptions::Names(context));
    LogInfo("the backbone starts from " + init_);
  }
  device_->Adopt(*module_);
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

std::string SimclrModel::FirstNonFiniteGradient() const {
  for (const auto& parameter : module_->named_parameters()) {
    const at::Tensor& gradient = parameter.value().grad();
    if (gradient.defined() && !at::isfinite(gradient).all().item<bool>()) return parameter.key();
  }
  return {};
}

std::string SimclrModel::FirstNonFiniteWeight() const {
  const torch::NoGradGuard no_grad;
  const NamedTensors weights = ParametersAndBuffers(*backbone_);
  std::vector<torch::Tensor> finite;
  for (const auto& [name, tensor] : weights) finite.push_back(at::isfinite(tensor).all());
  const torch::Tensor flags = at::stack(finite).cpu();
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!flags.const_data_ptr<bool>()[i]) return "backbone." + weights[i].first;
  }
  return {};
}

std::string SimclrModel::WhatIsNotFinite() {
  constexpr int64_t kSide = 32;  // pixels
  if (std::string weight = FirstNonFiniteWeight(); !weight.empty()) return weight;
  const torch::Tensor images =
      at::linspace(0, 255, 2 * kSide * kSide * 3).to(at::kByte).view({2, kSide, kSide, 3});
  const bool was_training = training();
  SetTraining(false);
  const std::string layer = FirstNonFiniteLayer(Normalise(images.to(device_->device())));
  SetTraining(was_training);
  return layer;
}

std::string SimclrModel::Description() const {
  int64_t count = 0;
  for (const torch::Tensor& parameter : module_->parameters()) count += parameter.numel();
  std::array<char, 32> millions{};
  std::snprintf(millions.data(), millions.size(), "%.1f", static_cast<double>(count) / 1e6);
  return resnet_.Description() + ", " + millions.data() + " M parameters";
}

FLOWTRAIN_REGISTER(SimclrModel);

}  // namespace flowtrain
