// The network that SimCLR and its kin train: a backbone and a projection head.
#pragma once

#include <memory>
#include <string>

#include "nodes/device/device.h"
#include "nodes/train/model/projection_head.h"
#include "nodes/train/model/resnet.h"
#include "nodes/train/model/running_statistics.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Opened with seeded weights, or with the backbone's weights from a file, on the device, with
// convolutions in channels_last, in training mode.
class SimclrModel final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  // [N, 3, H, W] images, normalised, to [N, feature_dim()].
  torch::Tensor Encode(const torch::Tensor& images) { return backbone_->forward(images); }
  // [N, feature_dim()] to [N, projection_dim] representations.
  torch::Tensor Project(const torch::Tensor& features) { return projection_->forward(features); }

  // The first layer, in the order of the forward pass, whose output for the images (as Encode takes
  // them) has a value that is not finite: "backbone.layer3.0.conv2"; empty if there is none. Does
  // not update the running statistics. Waits for the device.
  std::string FirstNonFiniteLayer(const torch::Tensor& images);

  // The first parameter whose gradient has a value that is not finite: "backbone.conv1.weight"; empty if
  // there is none. Waits for the device.
  std::string FirstNonFiniteGradient() const;

  // The first parameter or running statistic of the backbone with a value that is not finite:
  // "backbone.bn1.running_var"; empty if there is none. Waits for the device.
  std::string FirstNonFiniteWeight() const;
  // The same, or else the first layer whose output for a made-up image, in evaluation mode, is not
  // finite: weights can be finite and yet too large. Changes nothing and draws no random numbers.
  std::string WhatIsNotFinite();

  int64_t feature_dim() const { return backbone_->feature_dim(); }
  int64_t projection_dim() const { return head_.out; }
  void SetTraining(bool on) { module_->train(on); }
  bool training() const { return module_->is_training(); }
  torch::nn::Module& module() const { return *module_; }  // children "backbone" and "projection"
  RunningStatistics& running_statistics() { return *running_statistics_; }
  Device& device() const { return *device_; }
  std::string Description() const;  // "resnet18 (standard stem), 11.5 M parameters"

 private:
  ResNetOptions resnet_;  // options
  ProjectionOptions head_;
  std::string init_;
  int64_t seed_ = 0;

  Device* device_ = nullptr;
  std::shared_ptr<torch::nn::Module> module_;
  std::shared_ptr<ResNet> backbone_;
  std::shared_ptr<ProjectionHead> projection_;
  std::unique_ptr<RunningStatistics> running_statistics_;
};

}  // namespace flowtrain
