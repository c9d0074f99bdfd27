#include "nodes/augment/batch_views.h"

#include <string>
#include <vector>

#include "nodes/image/rgb_image.h"
#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

size_t BytesOfView(int side) {
  return static_cast<size_t>(side) * static_cast<size_t>(side) * kChannels;
}

}  // namespace

void BatchViews::Declare(OptionsOf<BatchViews>& options) {
  using Self = BatchViews;
  options.Option(&Self::batch_size, "batch_size", "Images per batch.", AtLeast{1})
      .Option(&Self::image_size, "image_size", "Side of a view, pixels.", AtLeast{1})
      .Option(&Self::views, "views", "Views per image; 0: as many as `recipes` makes, or two.",
              AtLeast{0})
      .Option(&Self::recipes, "recipes",
              "What the ViewRecipe has as `views`: how many and how large the views are.");
}

BatchLayout BatchViews::Layout() const {
  const std::vector<ViewOptions> each = EachView(recipes, {.size = image_size, .augment = {}});
  if (each.empty()) return {batch_size, views == 0 ? 2 : views, BytesOfView(image_size)};
  BatchLayout layout{batch_size, static_cast<int>(each.size()), BytesOfView(each[0].size)};
  for (const ViewOptions& view : each) layout.bytes_of_views.push_back(BytesOfView(view.size));
  const std::vector<size_t> alike(each.size(), layout.view_bytes);
  if (layout.bytes_of_views == alike) {
    layout.bytes_of_views.clear();
  } else {
    layout.view_bytes = 0;
  }
  return layout;
}

void BatchViews::Check(const OpenContext& context) const {
  const auto made = static_cast<int>(EachView(recipes, {}).size());
  if (made == 0 || views == 0 || views == made) return;
  throw ConfigError(context.NameOf("views") + " is " + std::to_string(views) + ", and " +
                    context.NameOf("recipes") + " makes " + std::to_string(made) +
                    " views of an image: leave the former out, or set it to 0");
}

}  // namespace flowtrain
