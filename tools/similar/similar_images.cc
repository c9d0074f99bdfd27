#include "tools/similar/similar_images.h"

#include <ATen/Functions.h>

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nodes/augment/center_view.h"
#include "nodes/device/device.h"
#include "nodes/evaluate/encode_in_parts.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/evaluate/frozen_backbone.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/component_set.h"
#include "tools/similar/similar_groups.h"

namespace flowtrain {
namespace {

constexpr int64_t kBatch = 256;  // images per forward pass

// An option with the value of a parameter, which messages name.
Entry Option(const char* name, const Config& config, const char* key) {
  Value value = *config.Find(key);
  value.parameter = key;
  return {name, value.at, value};
}

Entry Option(const char* name, const std::string& text) {
  Value value;
  value.kind = Value::Kind::kScalar;
  value.scalar = text;
  return {name, {}, value};
}

// What of the evaluation's graphs is needed here.
GraphDef NetworkDef(const Config& config, const std::string& checkpoint) {
  ComponentDef device;
  device.name = "device";
  device.type = "Device";
  device.options = {Option("name", config, "device"), Option("threads", config, "threads"),
                    Option("memory_limit", config, "gpu.memory_limit"),
                    Option("cudnn_benchmark", config, "gpu.cudnn_benchmark"),
                    Option("mixed_precision", "false")};
  ComponentDef backbone;
  backbone.name = "backbone";
  backbone.type = "FrozenBackbone";
  backbone.uses = {{"device", "device", {}}};
  backbone.options = {Option("checkpoint", checkpoint),
                      Option("backbone", config, "model.backbone"),
                      Option("stem", config, "model.stem"),
                      Option("width_multiplier", config, "model.width_multiplier")};
  GraphDef def;
  def.name = "check";
  def.resources = {device, backbone};
  return def;
}

int ViewSideOf(const Config& config) {
  const int size = config.Get<int>("data.image_size");
  if (size < 1) throw ConfigError("data.image_size is " + std::to_string(size) + ", less than 1");
  return size;
}

class SimilarImages final : public ImageComparison {
 public:
  SimilarImages(const Config& config, const std::string& checkpoint, double threshold);

  void BeginPart(uint64_t first_place, uint64_t images) override;
  void Take(uint64_t place, const RgbImage& image) override;
  void EndPart(const std::function<bool()>& stop) override;
  std::vector<SimilarGroup> Groups(
      std::span<const uint64_t> places, const std::function<bool()>& stop,
      const std::function<void(uint64_t done, uint64_t images)>& progress) override;

 private:
  at::Tensor Encode(const at::Tensor& views);

  const std::string checkpoint_;
  const double threshold_;
  const int size_;
  const GraphDef def_;
  RunControl run_;
  internal::ComponentSet components_;
  FrozenBackbone* backbone_ = nullptr;
  EncodeInParts encode_;

  uint64_t first_place_ = 0;    // of the part
  at::Tensor views_;            // uint8 [images, size, size, 3]
  std::vector<uint8_t> taken_;  // whether an image of the part was
  std::vector<Representations> parts_;
};

SimilarImages::SimilarImages(const Config& config, const std::string& checkpoint, double threshold)
    : checkpoint_(checkpoint),
      threshold_(threshold),
      size_(ViewSideOf(config)),
      def_(NetworkDef(config, checkpoint)),
      components_(def_, Registry::Global(), run_) {
  components_.Open({}, [] { return uint64_t{0}; });
  backbone_ = dynamic_cast<FrozenBackbone*>(components_.Find("backbone"));
  backbone_->device().OnLaneThread();
}

void SimilarImages::BeginPart(uint64_t first_place, uint64_t images) {
  first_place_ = first_place;
  taken_.assign(images, 0);
  views_ = at::empty({static_cast<int64_t>(images), size_, size_, 3}, at::kByte);
}

void SimilarImages::Take(uint64_t place, const RgbImage& image) {
  const uint64_t row = place - first_place_;
  const size_t bytes = kChannels * static_cast<size_t>(size_) * static_cast<size_t>(size_);
  CenterView(image, size_, views_.mutable_data_ptr<uint8_t>() + row * bytes);
  taken_[row] = 1;
}

void SimilarImages::EndPart(const std::function<bool()>& stop) {
  Representations part;
  std::vector<int64_t> rows;
  for (size_t row = 0; row < taken_.size(); ++row) {
    if (taken_[row] == 0) continue;
    rows.push_back(static_cast<int64_t>(row));
    part.places.push_back(first_place_ + row);
  }
  std::vector<at::Tensor> features;
  for (const at::Tensor& batch : at::tensor(rows, at::kLong).split(kBatch)) {
    if (stop() || rows.empty()) return;
    features.push_back(Encode(views_.index_select(0, batch)).cpu());
  }
  part.rows = at::cat(features);
  if (!AllFinite(part.rows)) {
    throw DataError(checkpoint_ +
                    ": what its network computes of the images is not finite; take a checkpoint "
                    "from before the training diverged");
  }
  parts_.push_back(std::move(part));
}

at::Tensor SimilarImages::Encode(const at::Tensor& views) {
  const c10::Device device = backbone_->device().device();
  return encode_(backbone_->device(), views, [&](const at::Tensor& part) {
    const at::Tensor images = part.to(device);
    return backbone_->Encode(images).add_(backbone_->Encode(images.flip(2)));
  });
}

std::vector<SimilarGroup> SimilarImages::Groups(
    std::span<const uint64_t> places, const std::function<bool()>& stop,
    const std::function<void(uint64_t done, uint64_t images)>& progress) {
  const std::unordered_set<uint64_t> wanted(places.begin(), places.end());
  for (Representations& part : parts_) {
    std::vector<int64_t> rows;
    std::vector<uint64_t> kept;
    for (size_t row = 0; row < part.places.size(); ++row) {
      if (!wanted.contains(part.places[row])) continue;
      rows.push_back(static_cast<int64_t>(row));
      kept.push_back(part.places[row]);
    }
    part.rows = part.rows.index_select(0, at::tensor(rows, at::kLong));
    part.places = std::move(kept);
  }
  std::erase_if(parts_, [](const Representations& part) { return part.places.empty(); });
  if (!Whiten(parts_)) {
    LogWarning("the images are not compared by " + checkpoint_ +
               (wanted.size() < 3 ? ": they are fewer than three"
                                  : ": its network sees hardly a difference between any of them"));
    return {};
  }
  return SimilarGroups(parts_, threshold_, backbone_->device().device(), stop, progress);
}

}  // namespace

std::unique_ptr<ImageComparison> CompareByNetwork(const Config& config,
                                                  const std::string& checkpoint, double threshold) {
  return std::make_unique<SimilarImages>(config, checkpoint, threshold);
}

}  // namespace flowtrain
