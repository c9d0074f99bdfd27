#include "nodes/augment/dual_view_augment.h"

#include <stdexcept>
#include <string>

#include "nodes/augment/view_recipe.h"
#include "pipeline/error.h"
#include "pipeline/registry.h"

namespace flowtrain {
namespace {

constexpr size_t kChannels = 3;

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
  const auto pixels = static_cast<size_t>(sample.height) * static_cast<size_t>(sample.width);
  if (pixels == 0 || sample.pixels.size() != pixels * kChannels) {
    throw std::logic_error("the sample has no pixels: a node that decodes must come before");
  }
  const ViewSource source{.pixels = sample.pixels.data(),
                          .height = sample.height,
                          .width = sample.width,
                          .top = sample.top,
                          .left = sample.left,
                          .shrink = sample.shrink,
                          .layout = sample.layout};
  const ViewRecipe::Place place{sample.seed, sample.epoch, sample.id};
  ViewMakers& makers = workers_[static_cast<size_t>(worker.index)];
  for (int view = 0; view < sample.batch->layout.views; ++view) {
    const ViewParams params = recipe_->Draw(place, view, sample.full_height, sample.full_width);
    uint8_t* row = sample.batch->Row(view, sample.row);
    if (recipe_->fused()) {
      makers.fused.Make(source, params, recipe_->options(), recipe_->size(), row);
    } else {
      makers.reference.Make(source, params, recipe_->options(), recipe_->size(), row);
    }
  }
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DualViewAugment);

}  // namespace flowtrain
