// What a batch has room for, where the stage node is told how the views of an image are made.
#pragma once

#include "nodes/augment/view_options.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// The options of such a stage node. `recipes` are those of the ViewRecipe, whose views without a
// size have `image_size`; without any recipes there are `views` of that size, 0: two.
struct BatchViews {
  int batch_size = 128, image_size = 96, views = 0;
  Variants<ViewOptions> recipes;

  static void Declare(OptionsOf<BatchViews>& options);
  BatchLayout Layout() const;
  // Throws ConfigError where the node's options `views` and `recipes` contradict each other.
  void Check(const OpenContext& context) const;
};

}  // namespace flowtrain
