// Views to look at.
#pragma once

#include <memory>

#include "nodes/run/step_record.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

// Both views of the batch's first images, eight at most, from its buffer on the host. Null where its
// rows are not pairs of square RGB views.
std::shared_ptr<const ViewPairs> CopyViewPairs(const Batch& batch);

// Chooses the windows whose views are shown: the first one, then the first of every tenth epoch.
class ViewsToShow {
 public:
  // Of the first batch of a window; null: not these.
  std::shared_ptr<const ViewPairs> Of(const Batch& batch);

 private:
  bool first_ = true;
};

}  // namespace flowtrain
