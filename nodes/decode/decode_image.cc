#include "nodes/decode/decode_image.h"

#include <algorithm>
#include <string>
#include <utility>

#include "nodes/augment/view_recipe.h"
#include "nodes/data/cache/decoded_cache.h"
#include "nodes/data/dataset.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/view_part.h"
#include "nodes/image/image_levels.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// Fetches the pixels to the cache all at once: the augmentation, which walks columns of a crop,
// would wait for each of them (the pipeline gains 12 % at 96 px).
void Prefetch(std::span<const uint8_t> bytes) {
  constexpr size_t kCacheLine = 64;
  for (size_t i = 0; i < bytes.size(); i += kCacheLine) __builtin_prefetch(bytes.data() + i);
}

// Those that views can come to be made from.
LevelRange LevelsFor(const ViewRecipe& recipe, int height, int width) {
  return {recipe.LevelHalvings(LeastCropSide(recipe.options(), height, width)),
          recipe.LevelHalvings(std::min(height, width))};
}

}  // namespace

void DecodeImage::Declare(NodeSpec& spec) {
  spec.Doc("Decodes images to RGB of 8 bits: JPEG, PNG, STL-10, and what OpenCV reads.")
      .Input("ids", Stream::kSample)
      .Output("images", Stream::kSample)
      .Uses("dataset", "ImageDataset")
      .MayUse("views", "ViewRecipe")
      .MayUse("cache", "DecodedCache")
      .Option(&DecodeImage::max_pixels_, "max_pixels", kMaxImagePixels,
              "Pixels of an image file that is decoded; one that claims more is a bad image.",
              Between{1, kMaxImagePixels});
}

void DecodeImage::Open(const OpenContext& context) {
  dataset_ = &context.Get<ImageDataset>("dataset");
  recipe_ = context.TryGet<ViewRecipe>("views");
  cache_ = context.TryGet<DecodedCache>("cache");
  if (cache_ != nullptr && !cache_->enabled()) cache_ = nullptr;
  scratch_.resize(static_cast<size_t>(context.workers()));
  for (WorkerScratch& scratch : scratch_) scratch.decode.max_pixels = max_pixels_;
}

Outcome DecodeImage::Process(Sample& sample, Worker& worker) {
  if (sample.hold) return Ok();  // its pixels came from the cache
  if (PassesPlanes(sample)) {
    Prefetch(sample.encoded);
    sample.pixels = sample.encoded;
    sample.layout = PixelLayout::kColumnPlanes;
    sample.full_height = sample.height;
    sample.full_width = sample.width;
    sample.top = sample.left = 0;
    sample.shrink = sample.levels = 1;
    return Ok();
  }
  EncodedImage image;
  image.bytes = sample.encoded;
  image.encoding = dataset_->encoding();
  image.height = sample.height;
  image.width = sample.width;
  image.levels = sample.levels;
  RgbImage rgb;
  rgb.storage = std::move(sample.pixel_bytes);  // and back, so that the slot keeps its memory
  std::string why;
  WorkerScratch& scratch = scratch_[static_cast<size_t>(worker.index)];
  const bool ok = Decode(image, sample, scratch, rgb, &why);
  sample.pixel_bytes = std::move(rgb.storage);
  if (!ok) return Bad(std::move(why));
  sample.pixels = rgb.pixels;
  sample.layout = PixelLayout::kRgb;
  sample.height = rgb.height;
  sample.width = rgb.width;
  sample.full_height = rgb.full_height;
  sample.full_width = rgb.full_width;
  sample.top = rgb.top;
  sample.left = rgb.left;
  sample.shrink = rgb.shrink;
  sample.levels = rgb.levels;
  return Ok();
}

bool DecodeImage::PassesPlanes(const Sample& sample) const {
  const auto pixels = static_cast<size_t>(sample.height) * static_cast<size_t>(sample.width);
  return recipe_ != nullptr && recipe_->fused() && dataset_->encoding() == Encoding::kStl10Planes &&
         pixels > 0 && sample.encoded.size() == 3 * pixels;
}

bool DecodeImage::Decode(const EncodedImage& image, const Sample& sample, WorkerScratch& scratch,
                         RgbImage& rgb, std::string* why) const {
  if (cache_ != nullptr) return DecodeForCache(image, sample, scratch, rgb, why);
  if (recipe_ == nullptr) return DecodeToRgb(image, scratch.decode, nullptr, rgb, why);
  const ViewPart part(*recipe_, {sample.seed, sample.epoch, sample.id}, sample.batch->layout.views);
  return DecodeToRgb(image, scratch.decode, &part, rgb, why);
}

// The whole image and the levels its views are made from, whether or not they will be kept: what is
// trained on must not depend on that.
bool DecodeImage::DecodeForCache(const EncodedImage& image, const Sample& sample,
                                 WorkerScratch& scratch, RgbImage& rgb, std::string* why) const {
  if (!DecodeToRgb(image, scratch.decode, nullptr, rgb, why)) return false;
  scratch.shrinker.Shrink(cache_->max_side(), rgb);
  if (recipe_ != nullptr) MakeLevels(LevelsFor(*recipe_, rgb.height, rgb.width), rgb);
  if (cache_->Wants(sample.id)) cache_->Offer(sample.id, rgb, sample.label);
  return true;
}

FLOWTRAIN_REGISTER(DecodeImage);

}  // namespace flowtrain
