// How the views of an image are made where they are not all alike.
#pragma once

#include <vector>

#include "nodes/augment/view_params.h"
#include "pipeline/node/variants.h"

namespace flowtrain {

// One or several views of every image that are made in the same way.
struct ViewOptions {
  int count = 1;  // views
  int size = 0;   // side of each, pixels; 0: as large as the batches' views
  AugmentOptions augment;

  static void Declare(OptionsOf<ViewOptions>& options);
};

// An entry for each view: `base` with what its variant overrides. Empty where there are no variants.
std::vector<ViewOptions> EachView(const Variants<ViewOptions>& variants, const ViewOptions& base);

}  // namespace flowtrain
