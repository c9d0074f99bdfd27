#include "nodes/augment/view_recipe.h"

#include "nodes/augment/fused_view.h"
#include "nodes/image/view_side.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void ViewRecipe::Declare(NodeSpec& spec) {
  spec.Doc(
          "How the views of an image are made: random resized crop, flip, colour jitter, "
          "greyscale, blur, solarize.")
      .Option(&ViewRecipe::size_, "size", 0,
              "Side of a view, pixels; 0: as large as the batches' views.", AtLeast{0})
      .Options(&ViewRecipe::options_);
}

void ViewRecipe::Open(const OpenContext& context) {
  if (size_ == 0) size_ = ViewSide(context.layout());
  if (size_ == 0) {
    throw ConfigError(context.NameOf("size") + " must be given: the rows of " +
                      "the batches are not square RGB views");
  }
  fused_ = FusedView::Covers(options_, size_);
}

ViewParams ViewRecipe::Draw(const ViewKey& key, int view, int height, int width) const {
  Rng rng({.seed = key.seed,
           .stream = key.epoch,
           .id = key.id,
           .purpose = kView + static_cast<uint32_t>(view)});
  return DrawViewParams(options_, height, width, rng);
}

int ViewRecipe::Halvings(int crop_side, int least) const {
  constexpr int kMost = 3;
  int halvings = 0;
  while (fused_ && halvings < kMost && crop_side >> (halvings + 1) >= least) ++halvings;
  return halvings;
}

FLOWTRAIN_REGISTER(ViewRecipe);

}  // namespace flowtrain
