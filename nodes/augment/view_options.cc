#include "nodes/augment/view_options.h"

#include <utility>

namespace flowtrain {

void ViewOptions::Declare(OptionsOf<ViewOptions>& options) {
  options
      .Option(&ViewOptions::count, "count", "Views of every image that are made like this.",
              Between{1, 256})
      .Option(&ViewOptions::size, "size", "Side of each, pixels.", AtLeast{1})
      .Options(&ViewOptions::augment);
}

std::vector<ViewOptions> EachView(const Variants<ViewOptions>& variants, const ViewOptions& base) {
  std::vector<ViewOptions> views;
  for (ViewOptions& variant : variants.Over(base)) {
    const auto count = static_cast<size_t>(std::exchange(variant.count, 1));
    views.insert(views.end(), count, variant);
  }
  return views;
}

}  // namespace flowtrain
