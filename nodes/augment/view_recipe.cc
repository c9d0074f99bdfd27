#include "nodes/augment/view_recipe.h"

#include <algorithm>
#include <string>

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
      .Options(&ViewRecipe::options_)
      .Option(&ViewRecipe::variants_, "views", Variants<ViewOptions>{},
              "Where views are not alike: maps with count, size and what each overrides of the "
              "other options.");
}

void ViewRecipe::CheckCount(const OpenContext& context, size_t views) const {
  const auto room = static_cast<size_t>(context.layout().views);
  if (views == room) return;
  throw ConfigError(context.NameOf("views") + " makes " + std::to_string(views) +
                    " views of an image, and a batch has room for " + std::to_string(room) + " (" +
                    context.NameInStage("views") +
                    "): make their counts add up to that; flowtrain.Loader takes any number "
                    "(docs/python.md)");
}

void ViewRecipe::Open(const OpenContext& context) {
  std::vector<ViewOptions> views = EachView(variants_, {1, size_, options_});
  if (views.empty()) {
    views.push_back({1, size_, options_});
  } else {
    CheckCount(context, views.size());
  }
  recipes_.clear();
  for (const ViewOptions& view : views) {
    const int number = static_cast<int>(recipes_.size());
    const int size = view.size != 0 ? view.size : ViewSide(context.layout(), number);
    if (size == 0) {
      throw ConfigError(context.NameOf("size") + " must be given: the rows of " +
                        "the batches are not square RGB views");
    }
    recipes_.push_back({view.augment, size, FusedView::Covers(view.augment, size)});
  }
}

bool ViewRecipe::all_fused() const {
  return std::all_of(recipes_.begin(), recipes_.end(),
                     [](const Recipe& recipe) { return recipe.fused; });
}

ViewParams ViewRecipe::Draw(const ViewKey& key, int view, int height, int width) const {
  Rng rng({.seed = key.seed,
           .stream = key.epoch,
           .id = key.id,
           .purpose = kView + static_cast<uint32_t>(view)});
  return DrawViewParams(options(view), height, width, rng);
}

int ViewRecipe::Halvings(int view, int crop_side, int least) const {
  constexpr int kMost = 3;
  int halvings = 0;
  while (fused(view) && halvings < kMost && crop_side >> (halvings + 1) >= least) ++halvings;
  return halvings;
}

FLOWTRAIN_REGISTER(ViewRecipe);

}  // namespace flowtrain
