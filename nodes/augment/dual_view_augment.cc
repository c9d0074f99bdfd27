#include "nodes/augment/dual_view_augment.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "nodes/augment/view_recipe.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/rgb_image.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// The most reduced level of the sample that has as many pixels as a view of the crop needs.
ViewSource SourceOf(const Sample& sample, int halvings) {
  const int first = std::countr_zero(static_cast<unsigned>(sample.shrink));
  const int level = std::clamp(halvings - first, 0, sample.levels - 1);
  const ImageLevel found = LevelOf(sample.height, sample.width, level);
  return {.pixels = sample.pixels.data() + found.offset,
          .height = found.height,
          .width = found.width,
          .top = sample.top,
          .left = sample.left,
          .shrink = sample.shrink << level,
          .layout = sample.layout};
}

}  // namespace

void DualViewAugment::Declare(NodeSpec& spec) {
  spec.Doc("Makes the two SimCLR views of a decoded image.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
      .Uses("views", "ViewRecipe");
}

void DualViewAugment::Open(const OpenContext& context) {
  recipe_ = &context.Get<ViewRecipe>("views");
  const auto side = static_cast<size_t>(recipe_->size());
  const size_t bytes = side * side * kChannels;
  if (bytes != context.layout().view_bytes) {
    throw ConfigError("node '" + context.name() + "': its views are " + std::to_string(side) +
                      " pixels wide (option 'size' of their recipe), " + std::to_string(bytes) +
                      " bytes, but option 'image_size' of the node that collates batches makes " +
                      "room for " + std::to_string(context.layout().view_bytes) +
                      "; give both options the same value");
  }
  workers_.resize(static_cast<size_t>(context.workers()));
}

Outcome DualViewAugment::Process(Sample& sample, Worker& worker) {
  const size_t bytes = LevelBytes(sample.height, sample.width, sample.levels);
  if (bytes == 0 || sample.pixels.size() != bytes) {
    throw std::logic_error("the sample has no pixels: a node that decodes must come before");
  }
  const ViewRecipe::Place place{sample.seed, sample.epoch, sample.id};
  ViewMakers& makers = workers_[static_cast<size_t>(worker.index)];
  for (int view = 0; view < sample.batch->layout.views; ++view) {
    const ViewParams params = recipe_->Draw(place, view, sample.full_height, sample.full_width);
    const int halvings = recipe_->LevelHalvings(std::min(params.height, params.width));
    const ViewSource source = SourceOf(sample, halvings);
    uint8_t* row = sample.batch->Row(view, sample.row);
    if (recipe_->fused()) {
      makers.fused.Make(source, params, recipe_->options(), recipe_->size(), row);
    } else {
      makers.reference.Make(source, params, recipe_->options(), recipe_->size(), row);
    }
  }
  if (ReadsWereLost(sample.lost)) return Bad(kLostWhileRead);
  return Ok();
}

FLOWTRAIN_REGISTER(DualViewAugment);

}  // namespace flowtrain
