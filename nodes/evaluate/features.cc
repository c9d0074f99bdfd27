#include "nodes/evaluate/features.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "nodes/device/autocast.h"
#include "nodes/evaluate/encode_in_parts.h"
#include "nodes/evaluate/load_views.h"
#include "nodes/train/model/normalise.h"

namespace flowtrain {
namespace {

// Keeps the model in evaluation mode while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(SimclrModel& model) : model_(model), was_training_(model.training()) {
    model_.SetTraining(false);
  }
  ~EvaluationMode() { model_.SetTraining(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  SimclrModel& model_;
  const bool was_training_;
};

}  // namespace

Features ComputeFeatures(SimclrModel& model, const LabelledImages& images, int size, int batch_size,
                         int64_t max_pixels, const std::function<bool()>& stop,
                         std::optional<ImageRange> range) {
  const c10::NoGradGuard no_grad;
  const EvaluationMode evaluation(model);
  const c10::Device device = model.device().device();
  Normaliser normalise;
  EncodeInParts encode;
  Features result;
  std::vector<at::Tensor> features;
  std::vector<int64_t> labels, kept;
  const ImageRange all = range.value_or(ImageRange{0, images.size()});
  const auto end = static_cast<int64_t>(all.end);
  for (auto first = static_cast<int64_t>(all.begin); first < end; first += batch_size) {
    if (stop && stop()) return {};
    std::vector<LoadedView> loaded;
    const int64_t count = std::min<int64_t>(batch_size, end - first);
    std::vector<uint64_t> indices(static_cast<size_t>(count));
    std::iota(indices.begin(), indices.end(), static_cast<uint64_t>(first));
    const at::Tensor views = LoadViews(images, indices, size, max_pixels, loaded);
    const Autocast autocast(device.type(), model.device().compute_type());
    features.push_back(encode(model.device(), views, [&](const at::Tensor& part) {
      return model.Encode(normalise(part.to(device))).to(at::kFloat);
    }));
    for (int64_t i = 0; i < count; ++i) {
      LoadedView& image = loaded[static_cast<size_t>(i)];
      if (image.why.empty()) {
        kept.push_back(first + i);
        labels.push_back(image.label);
      } else {
        const auto index = static_cast<uint64_t>(first + i);
        result.bad.push_back({index, images.ImageName(index), std::move(image.why)});
      }
    }
  }
  if (kept.empty()) return result;
  result.index = at::tensor(kept, at::kLong);
  const at::Tensor rows = result.index - static_cast<int64_t>(all.begin);
  result.features = at::cat(features).index_select(0, rows.to(device));
  result.labels = at::tensor(labels, at::kLong).to(device);
  return result;
}

}  // namespace flowtrain
