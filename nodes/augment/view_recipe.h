// How the views of a run are made: the resource that augment and decode share.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/augment/view_options.h"
#include "nodes/augment/view_params.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// What the draws of an image's views depend on.
struct ViewKey {
  uint64_t seed, epoch, id;
};

// The augmentation's options: one recipe for all views, or, with `views`, a recipe for each. A
// resource, so that decode knows which part of an image the views will need and how far it may be
// reduced. `view` is the number of a view, below the batches' BatchLayout::views.
//
// Threads  every const method may be called from any thread.
// Errors   Open: ConfigError where `views` makes another number of views than a batch has room for.
//
// Example:
//   views: {type: ViewRecipe, options: {blur: 1, views: [{}, {blur: 0.1, solarize: 0.2}]}}
class ViewRecipe final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  int size(int view) const { return Of(view).size; }  // side of the view, pixels
  const AugmentOptions& options(int view) const { return Of(view).options; }
  // Whether FusedView makes the view; ReferenceView does otherwise.
  bool fused(int view) const { return Of(view).fused; }
  bool all_fused() const;
  bool one_for_all() const { return recipes_.size() == 1; }

  // Parameters of a view of an image of height x width pixels. Depends on its arguments alone.
  ViewParams Draw(const ViewKey& key, int view, int height, int width) const;

  // How often an image may be halved for the view of a crop whose shorter side has `crop_side`
  // pixels, three times at most; 0 unless fused(). A JPEG is halved as it is decoded, as long as
  // the crop keeps at least the pixels of its view along both sides: nothing is lost that resizing
  // would keep. Means of 2 x 2 pixels (image_levels.h) lose more and are taken as long as the crop
  // keeps 9/8 of them: views of photographs are then within a grey level of those of the whole
  // image on average (0.8 at 96 pixels, 0.9 at 32); with 8/8 they would not be at 32 pixels.
  int JpegHalvings(int view, int crop_side) const { return Halvings(view, crop_side, size(view)); }
  int LevelHalvings(int view, int crop_side) const {
    return Halvings(view, crop_side, size(view) * 9 / 8);
  }

 private:
  struct Recipe {
    AugmentOptions options;
    int size = 0;
    bool fused = false;
  };

  const Recipe& Of(int view) const {
    return recipes_[one_for_all() ? 0 : static_cast<size_t>(view)];
  }
  void CheckCount(const OpenContext& context, size_t views) const;
  int Halvings(int view, int crop_side, int least) const;

  int size_ = 0;  // options
  AugmentOptions options_;
  Variants<ViewOptions> variants_;
  std::vector<Recipe> recipes_;  // of each view, or one for all
};

}  // namespace flowtrain
