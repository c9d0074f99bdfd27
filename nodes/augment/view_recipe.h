// How the views of a run are made: the resource that augment and decode share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/augment/view_params.h"
#include "pipeline/node.h"

namespace flowtrain {

// The augmentation's options. A resource, so that decode knows which part of an image the views
// will need and how far it may be reduced.
//
// Threads  every const method may be called from any thread.
//
// Example:
//   views: {type: ViewRecipe, options: {size: 96, blur: 0.5}}
class ViewRecipe final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError that names every option that is wrong.
  void Open(const OpenContext& context) override;

  int size() const { return size_; }  // side of a view, pixels
  const AugmentOptions& options() const { return options_; }
  // Whether FusedView makes the views; ReferenceView does otherwise.
  bool fused() const { return fused_; }

  // Parameters of a view of an image of height x width pixels. Depends on its arguments alone.
  struct Place {
    uint64_t seed, epoch, id;
  };
  ViewParams Draw(const Place& place, int view, int height, int width) const;

 private:
  AugmentOptions CheckedOptions(const std::string& name) const;

  // Options as the graph gives them.
  int size_ = 0;
  std::vector<double> crop_scale_, crop_ratio_, blur_sigma_;
  double flip_ = 0, jitter_ = 0, brightness_ = 0, contrast_ = 0, saturation_ = 0, hue_ = 0;
  double grey_ = 0, blur_ = 0, solarize_ = 0;
  int blur_kernel_ = 0, solarize_threshold_ = 0;
  std::string interpolation_;

  AugmentOptions options_;
  bool fused_ = false;
};

}  // namespace flowtrain
