#include "nodes/decode/decode_image.h"

#include <algorithm>
#include <string>
#include <utility>

#include "nodes/augment/view_recipe.h"
#include "nodes/data/cache/decoded_cache.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/view_part.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/image_sample.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// Fetches the pixels to the cache all at once: the augmentation, which walks columns of a crop,
// would wait for each of them (the pipeline gains 12 % at 96 px).
void Prefetch(std::span<const uint8_t> bytes) {
  constexpr size_t kCacheLine = 64;
  for (size_t i = 0; i < bytes.size(); i += kCacheLine) __builtin_prefetch(bytes.data() + i);
}

// The levels that any of the views may be made from.
LevelRange LevelsFor(const ViewRecipe& recipe, int views, int height, int width) {
  LevelRange levels{kMostLevels - 1, 0};
  for (int view = 0; view < (recipe.one_for_all() ? 1 : views); ++view) {
    const int least = LeastCropSide(recipe.options(view), height, width);
    levels.first = std::min(levels.first, recipe.LevelHalvings(view, least));
    levels.last = std::max(levels.last, recipe.LevelHalvings(view, std::min(height, width)));
  }
  return levels;
}

}  // namespace

void DecodeImage::Declare(NodeSpec& spec) {
  spec.Doc("Decodes images to RGB of 8 bits: JPEG, PNG, WebP, TIFF, HEIC and others; STL-10.")
      .Input("ids", Stream::kSample)
      .Output("images", Stream::kSample)
      .MayUse("dataset", "ImageDataset")  // no longer needed; graphs may name it
      .MayUse("views", "ViewRecipe")
      .MayUse("cache", "DecodedCache")
      .Option(&DecodeImage::max_pixels_, "max_pixels", kMaxImagePixels,
              "Most pixels an image file may have; one with more counts as unreadable.",
              Between{1, kMaxImagePixels});
}

void DecodeImage::Open(const OpenContext& context) {
  recipe_ = context.TryGet<ViewRecipe>("views");
  cache_ = context.TryGet<DecodedCache>("cache");
  if (cache_ != nullptr && !cache_->enabled()) cache_ = nullptr;
  scratch_.resize(static_cast<size_t>(context.workers()));
  for (WorkerScratch& scratch : scratch_) scratch.decode.max_pixels = max_pixels_;
}

Outcome DecodeImage::Process(Sample& sample, Worker& worker) {
  ImageSample& image = ImageOf(sample);
  if (image.decoded) return Ok();
  if (PassesPlanes(image.encoded)) {
    const EncodedImage& planes = image.encoded;
    Prefetch(planes.bytes);
    static_cast<Pixels&>(image.image) =
        WholeImage(planes.bytes, planes.height, planes.width, PixelLayout::kColumnPlanes);
    return Ok();
  }
  std::string why;
  WorkerScratch& scratch = scratch_[static_cast<size_t>(worker.index)];
  return Decode(sample, image, scratch, &why) ? Ok() : Bad(std::move(why));
}

bool DecodeImage::PassesPlanes(const EncodedImage& image) const {
  const auto pixels = static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
  return recipe_ != nullptr && recipe_->all_fused() && image.encoding == Encoding::kStl10Planes &&
         pixels > 0 && image.bytes.size() == kChannels * pixels;
}

bool DecodeImage::Decode(const Sample& sample, ImageSample& image, WorkerScratch& scratch,
                         std::string* why) const {
  if (cache_ != nullptr) return DecodeForCache(sample, image, scratch, why);
  if (recipe_ == nullptr)
    return DecodeToRgb(image.encoded, scratch.decode, nullptr, image.image, why);
  const ViewPart part(*recipe_, {sample.seed, sample.epoch, sample.id}, sample.batch->layout.views);
  return DecodeToRgb(image.encoded, scratch.decode, &part, image.image, why);
}

// The whole image and the levels its views are made from, whether or not they will be kept: what is
// trained on must not depend on that.
bool DecodeImage::DecodeForCache(const Sample& sample, ImageSample& image, WorkerScratch& scratch,
                                 std::string* why) const {
  RgbImage& rgb = image.image;
  if (!DecodeToRgb(image.encoded, scratch.decode, nullptr, rgb, why)) return false;
  scratch.shrinker.Shrink(cache_->max_side(), rgb);
  if (recipe_ != nullptr) {
    const int views = sample.batch->layout.views;
    MakeLevels(LevelsFor(*recipe_, views, rgb.height, rgb.width), rgb);
  }
  if (cache_->Wants(sample.id)) cache_->Offer(sample.id, rgb, sample.label);
  return true;
}

FLOWTRAIN_REGISTER(DecodeImage);

}  // namespace flowtrain
