#include "nodes/evaluate/features.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "nodes/augment/center_view.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/device/autocast.h"
#include "nodes/evaluate/encode_in_parts.h"
#include "nodes/image/image_sample.h"
#include "nodes/train/model/normalise.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"

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

// What became of an image.
struct Loaded {
  int64_t label = -1;
  std::string why;  // why it cannot be used; empty: it can
};

// The images from `first` to `first` + `count` - 1 as uint8 [count, size, size, 3]; `loaded` gets
// an entry for each.
at::Tensor LoadViews(const LabelledImages& images, uint64_t first, int64_t count, int size,
                     int64_t max_pixels, std::vector<Loaded>& loaded) {
  const at::Tensor views = at::zeros({count, size, size, 3}, at::TensorOptions().dtype(at::kByte));
  auto* to = views.data_ptr<uint8_t>();
  const size_t bytes = kChannels * static_cast<size_t>(size) * static_cast<size_t>(size);
  loaded.assign(static_cast<size_t>(count), {});
  const auto load = [&](int64_t i, DecodeScratch& scratch, ImageSample& image) {
    auto& [label, why] = loaded[static_cast<size_t>(i)];
    image.encoded = images.Fetch(first + static_cast<uint64_t>(i), image.file_bytes);
    label = image.encoded.label;
    why = image.encoded.error;
    if (why.empty() && label < 0) why = "it has no label";
    if (!why.empty() || !DecodeToRgb(image.encoded, scratch, nullptr, image.image, &why)) return;
    why.clear();
    CenterView(image.image, size, to + static_cast<size_t>(i) * bytes);
    if (ReadsWereLost(image.encoded.lost)) {
      throw DataError("an image to evaluate on: " + std::string(kLostWhileRead));
    }
  };
  // Memory and decoders are made once per range, not once per image.
  tbb::parallel_for(tbb::blocked_range<int64_t>(0, count), [&](const auto& range) {
    DecodeScratch scratch;
    scratch.max_pixels = max_pixels;
    ImageSample image;
    for (int64_t i = range.begin(); i < range.end(); ++i) load(i, scratch, image);
  });
  return views;
}

}  // namespace

Features ComputeFeatures(SimclrModel& model, const LabelledImages& images, int size, int batch_size,
                         int64_t max_pixels, const std::function<bool()>& stop) {
  const c10::NoGradGuard no_grad;
  const EvaluationMode evaluation(model);
  const c10::Device device = model.device().device();
  Normaliser normalise;
  EncodeInParts encode;
  Features result;
  std::vector<at::Tensor> features;
  std::vector<int64_t> labels, kept;
  const auto total = static_cast<int64_t>(images.size());
  for (int64_t first = 0; first < total; first += batch_size) {
    if (stop && stop()) return {};
    std::vector<Loaded> loaded;
    const int64_t count = std::min<int64_t>(batch_size, total - first);
    const at::Tensor views =
        LoadViews(images, static_cast<uint64_t>(first), count, size, max_pixels, loaded);
    const Autocast autocast(device.type(), model.device().compute_type());
    features.push_back(encode(model.device(), views, [&](const at::Tensor& part) {
      return model.Encode(normalise(part.to(device))).to(at::kFloat);
    }));
    for (int64_t i = 0; i < count; ++i) {
      Loaded& image = loaded[static_cast<size_t>(i)];
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
  const at::Tensor index = at::tensor(kept, at::kLong).to(device);
  result.features = at::cat(features).index_select(0, index);
  result.labels = at::tensor(labels, at::kLong).to(device);
  return result;
}

}  // namespace flowtrain
