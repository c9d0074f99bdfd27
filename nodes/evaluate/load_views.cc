#include "nodes/evaluate/load_views.h"

#include <ATen/Functions.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include "nodes/augment/center_view.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/image_sample.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"

namespace flowtrain {

at::Tensor LoadViews(const LabelledImages& images, std::span<const uint64_t> indices, int size,
                     int64_t max_pixels, std::vector<LoadedView>& loaded) {
  const auto count = static_cast<int64_t>(indices.size());
  const at::Tensor views = at::zeros({count, size, size, 3}, at::TensorOptions().dtype(at::kByte));
  auto* to = views.data_ptr<uint8_t>();
  const size_t bytes = kChannels * static_cast<size_t>(size) * static_cast<size_t>(size);
  loaded.assign(indices.size(), {});
  const auto load = [&](size_t i, DecodeScratch& scratch, ImageSample& image) {
    auto& [label, why] = loaded[i];
    image.encoded = images.Fetch(indices[i], image.file_bytes);
    label = image.encoded.label;
    why = image.encoded.error;
    if (why.empty() && label < 0) why = "it has no label";
    if (!why.empty() || !DecodeToRgb(image.encoded, scratch, nullptr, image.image, &why)) return;
    why.clear();
    CenterView(image.image, size, to + i * bytes);
    if (ReadsWereLost(image.encoded.lost)) {
      throw DataError("an image to evaluate on: " + std::string(kLostWhileRead));
    }
  };
  // Memory and decoders are made once per range, not once per image.
  tbb::parallel_for(tbb::blocked_range<size_t>(0, indices.size()), [&](const auto& range) {
    DecodeScratch scratch;
    scratch.max_pixels = max_pixels;
    ImageSample image;
    for (size_t i = range.begin(); i < range.end(); ++i) load(i, scratch, image);
  });
  return views;
}

}  // namespace flowtrain
