// Which part of an image the views of a sample need.
#pragma once

#include "nodes/augment/view_recipe.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// The rectangle round the crops of all views, and the largest reduction at which each crop still
// has at least the pixels of its view along both sides: nothing is lost to it that resizing would
// keep.
class ViewPart final : public PartChooser {
 public:
  ViewPart(const ViewRecipe& recipe, const ViewKey& key, int views)
      : recipe_(recipe), key_(key), views_(views) {}

  WantedPart Choose(int height, int width) const override;

 private:
  const ViewRecipe& recipe_;
  const ViewKey key_;
  const int views_;
};

}  // namespace flowtrain
