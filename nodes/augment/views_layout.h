// What a batch has room for, where the stage node is told how the views of an image are made.
#pragma once

#include "nodes/augment/view_options.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// `recipes` are those of the ViewRecipe, whose views without a size have `image_size`; without any
// recipes there are `views` of that size, 0: two. In batches of `rows` images.
BatchLayout ViewsLayout(int rows, int image_size, int views, const Variants<ViewOptions>& recipes);

// Throws ConfigError where the stage node's options `views` and `recipes` contradict each other.
void CheckViewCount(const OpenContext& context, int views, const Variants<ViewOptions>& recipes);

}  // namespace flowtrain
