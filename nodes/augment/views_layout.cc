#include "nodes/augment/views_layout.h"

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

BatchLayout ViewsLayout(int rows, int image_size, int views, const Variants<ViewOptions>& recipes) {
  const std::vector<ViewOptions> each = EachView(recipes, {.size = image_size, .augment = {}});
  if (each.empty()) return {rows, views == 0 ? 2 : views, BytesOfView(image_size)};
  BatchLayout layout{rows, static_cast<int>(each.size()), BytesOfView(each[0].size)};
  for (const ViewOptions& view : each) layout.bytes_of_views.push_back(BytesOfView(view.size));
  const std::vector<size_t> alike(each.size(), layout.view_bytes);
  if (layout.bytes_of_views == alike) {
    layout.bytes_of_views.clear();
  } else {
    layout.view_bytes = 0;
  }
  return layout;
}

void CheckViewCount(const OpenContext& context, int views, const Variants<ViewOptions>& recipes) {
  const auto made = static_cast<int>(EachView(recipes, {}).size());
  if (made == 0 || views == 0 || views == made) return;
  throw ConfigError(context.NameOf("views") + " is " + std::to_string(views) + ", and " +
                    context.NameOf("recipes") + " makes " + std::to_string(made) +
                    " views of an image: leave the former out, or set it to 0");
}

}  // namespace flowtrain
