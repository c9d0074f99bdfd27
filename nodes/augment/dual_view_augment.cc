#include "nodes/augment/dual_view_augment.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "nodes/augment/view_recipe.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/image_sample.h"
#include "nodes/image/rgb_image.h"
#include "nodes/image/view_side.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// The most reduced level of the image that has as many pixels as a view of the crop needs.
ViewSource SourceOf(const Pixels& image, int halvings) {
  const int first = std::countr_zero(static_cast<unsigned>(image.shrink));
  const int level = std::clamp(halvings - first, 0, image.levels - 1);
  const ImageLevel found = LevelOf(image.height, image.width, level);
  return {.pixels = image.pixels.data() + found.offset,
          .height = found.height,
          .width = found.width,
          .top = image.top,
          .left = image.left,
          .shrink = image.shrink << level,
          .layout = image.layout};
}

}  // namespace

void DualViewAugment::Declare(NodeSpec& spec) {
  spec.Doc("Makes the random views of a decoded image, by default the two of SimCLR.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
      .Uses("views", "ViewRecipe");
}

void DualViewAugment::Open(const OpenContext& context) {
  recipe_ = &context.Get<ViewRecipe>("views");
  for (int view = 0; view < context.layout().views; ++view) CheckSize(context, view);
  workers_.resize(static_cast<size_t>(context.workers()));
}

void DualViewAugment::CheckSize(const OpenContext& context, int view) const {
  if (recipe_->size(view) == ViewSide(context.layout(), view)) return;
  const std::string is_not = context.NameInStage("image_size") + " is not the " +
                             std::to_string(recipe_->size(view)) + " pixels of ";
  if (recipe_->one_for_all()) {
    throw ConfigError(is_not + context.NameOf("views", "size") +
                      "; leave the latter out, and the views are as large as the batches'");
  }
  throw ConfigError(is_not + "view " + std::to_string(view + 1) + " of " +
                    context.NameOf("views", "views") +
                    ": this graph's views have one size, so leave that out there; only "
                    "flowtrain.Loader makes views of several sizes (docs/python.md)");
}

Outcome DualViewAugment::Process(Sample& sample, Worker& worker) {
  const ImageSample& carried = ImageOf(sample);
  const Pixels& image = carried.image;
  const size_t bytes = LevelBytes(image.height, image.width, image.levels);
  if (bytes == 0 || image.pixels.size() != bytes) {
    throw std::logic_error("the sample has no pixels: a node that decodes must come before");
  }
  const ViewKey key{sample.seed, sample.epoch, sample.id};
  ViewMakers& makers = workers_[static_cast<size_t>(worker.index)];
  for (int view = 0; view < sample.batch->layout.views; ++view) {
    const ViewParams params = recipe_->Draw(key, view, image.full_height, image.full_width);
    const int halvings = recipe_->LevelHalvings(view, std::min(params.height, params.width));
    const ViewSource source = SourceOf(image, halvings);
    MakeView(makers, source, params, view, sample);
  }
  if (ReadsWereLost(carried.encoded.lost)) return Bad(kLostWhileRead);
  return Ok();
}

void DualViewAugment::MakeView(ViewMakers& makers, const ViewSource& source,
                               const ViewParams& params, int view, Sample& sample) const {
  const Batch& batch = *sample.batch;
  const AugmentOptions& options = recipe_->options(view);
  const int size = recipe_->size(view);
  if (!values_of_) {
    uint8_t* const row = batch.Row(view, sample.row);
    if (recipe_->fused(view)) return makers.fused.Make(source, params, options, size, row);
    return makers.reference.Make(source, params, options, size, row);
  }
  const ViewValues values = values_of_(batch, view, sample.row);
  if (recipe_->fused(view)) return makers.fused.Make(source, params, options, size, values);
  makers.bytes.resize(batch.layout.ViewBytes(view));
  makers.reference.Make(source, params, options, size, makers.bytes.data());
  simd::NormalizeRgb(values.by, makers.bytes.data(), makers.bytes.size() / kChannels, values.to);
}

FLOWTRAIN_REGISTER(DualViewAugment);

}  // namespace flowtrain
