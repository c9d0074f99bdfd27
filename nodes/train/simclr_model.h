// The network that SimCLR trains: a backbone and a projection head.
#pragma once

#include <memory>
#include <string>

#include "nodes/train/device.h"
#include "nodes/train/projection_head.h"
#include "nodes/train/resnet.h"
#include "pipeline/node.h"

namespace flowtrain {

// Opened with seeded weights, on the device, convolutions in channels_last, in training mode.
class SimclrModel final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  // [N, 3, H, W] images, normalised, to [N, feature_dim()].
  torch::Tensor Encode(const torch::Tensor& images) { return backbone_->forward(images); }
  // [N, feature_dim()] to [N, projection_dim] representations.
  torch::Tensor Project(const torch::Tensor& features) { return projection_->forward(features); }

  int64_t feature_dim() const { return backbone_->feature_dim(); }
  void SetTraining(bool on) { module_->train(on); }
  bool training() const { return module_->is_training(); }
  torch::nn::Module& module() const { return *module_; }  // children "backbone" and "projection"
  Device& device() const { return *device_; }
  std::string Description() const;  // "resnet18 (standard stem), 11.5 M parameters"

 private:
  std::string backbone_name_, stem_;  // options
  int64_t projection_hidden_ = 0, projection_dim_ = 0;
  int64_t seed_ = 0;

  Device* device_ = nullptr;
  std::shared_ptr<torch::nn::Module> module_;
  std::shared_ptr<ResNet> backbone_;
  std::shared_ptr<ProjectionHead> projection_;
};

}  // namespace flowtrain
