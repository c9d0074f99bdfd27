// The augmentation: random views of an image.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "nodes/augment/fused_view.h"
#include "nodes/augment/reference_view.h"
#include "nodes/augment/view_values.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class ViewRecipe;

// Makes the views of a decoded image that its batch has room for, as the recipe `views` says: the two
// of SimCLR by default. What is drawn depends on seed, epoch, image id and view alone.
//
// Input   images  sample  uint8 HWC RGB, any size from 1x1; the image, or the part of it that holds
//                         the crops, perhaps reduced.
// Output  rows    sample  the views written to the sample's row of its batch, uint8 HWC RGB, each
//                         size x size of its recipe; or, with MakeValues, their values instead.
// Memory  per worker: two copies of a view or of the crop with resized rows, and a blurred plane.
// Threads any number; one Worker per thread.
// Errors  Open: ConfigError when a view of the batch's rows has another size.
//
// Example:
//   augment: {type: DualViewAugment, in: images, out: rows, workers: 4, uses: {views: views}}
class DualViewAugment final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);

  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

  // Where the values of a batch's view go.
  using ValuesOf = std::function<ViewValues(const Batch& batch, int view, int row)>;
  // Makes the views as values, and writes no bytes to the batch's rows. Call it before the first
  // Process.
  void MakeValues(ValuesOf place) { values_of_ = std::move(place); }

 private:
  // Of one worker; on cache lines of its own.
  struct alignas(64) ViewMakers {
    FusedView fused;
    ReferenceView reference;
    std::vector<uint8_t> bytes;  // of a view whose values are made of them
  };

  void CheckSize(const OpenContext& context, int view) const;
  void MakeView(ViewMakers& makers, const ViewSource& source, const ViewParams& params, int view,
                Sample& sample) const;

  const ViewRecipe* recipe_ = nullptr;
  std::vector<ViewMakers> workers_;
  ValuesOf values_of_;
};

}  // namespace flowtrain
