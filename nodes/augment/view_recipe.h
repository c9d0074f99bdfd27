// How the views of a run are made: the resource that augment and decode share.
#pragma once

#include <cstdint>

#include "nodes/augment/view_params.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// What the draws of an image's views depend on.
struct ViewKey {
  uint64_t seed, epoch, id;
};

// The augmentation's options. A resource, so that decode knows which part of an image the views
// will need and how far it may be reduced.
//
// Threads  every const method may be called from any thread.
//
// Example:
//   views: {type: ViewRecipe, options: {blur: 0.5}}
class ViewRecipe final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  int size() const { return size_; }  // side of a view, pixels
  const AugmentOptions& options() const { return options_; }
  // Whether FusedView makes the views; ReferenceView does otherwise.
  bool fused() const { return fused_; }

  // Parameters of a view of an image of height x width pixels. Depends on its arguments alone.
  ViewParams Draw(const ViewKey& key, int view, int height, int width) const;

  // How often an image may be halved for the view of a crop whose shorter side has `crop_side`
  // pixels, three times at most; 0 unless fused(). A JPEG as it is decoded, as long as the crop
  // keeps the pixels of its view along both sides: nothing is lost that resizing would keep. By
  // means of 2 x 2 pixels (image_levels.h), which lose more, as long as it keeps 9/8 of them: views
  // of photographs are then within a grey level of those of the whole image on average (0.8 at 96
  // pixels, 0.9 at 32), and with 8/8 they would not be at 32 pixels.
  int JpegHalvings(int crop_side) const { return Halvings(crop_side, size_); }
  int LevelHalvings(int crop_side) const { return Halvings(crop_side, size_ * 9 / 8); }

 private:
  int Halvings(int crop_side, int least) const;

  int size_ = 0;  // options
  AugmentOptions options_;
  bool fused_ = false;
};

}  // namespace flowtrain
