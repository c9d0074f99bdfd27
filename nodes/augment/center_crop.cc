#include "nodes/augment/center_crop.h"

#include <string>

#include "nodes/augment/center_view.h"
#include "nodes/image/image_sample.h"
#include "nodes/image/view_side.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void CenterCrop::Declare(NodeSpec& spec) {
  spec.Doc(
          "Resizes an image's shorter side and cuts out its centre: the view it is evaluated with.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
      .Option(&CenterCrop::size_, "size", 0,
              "Side of the view, pixels; 0: as large as the batches' views.", AtLeast{0});
}

void CenterCrop::Open(const OpenContext& context) {
  if (context.layout().views != 1) {
    throw ConfigError("'" + context.name() + "' makes one view of an image, its centre, and " +
                      context.NameInStage("views") + " is " +
                      std::to_string(context.layout().views) +
                      ": set that to 1, or make random views (graphs/loader.yaml)");
  }
  const int side = ViewSide(context.layout());
  if (size_ == 0) size_ = side;
  if (size_ == side && side > 0) return;
  throw ConfigError(context.NameInStage("image_size") + " is not the " + std::to_string(size_) +
                    " pixels of " + context.NameOf("size"));
}

Outcome CenterCrop::Process(Sample& sample, Worker&) {
  const ImageSample& carried = ImageOf(sample);
  CenterView(carried.image, size_, sample.batch->Row(0, sample.row));
  if (ReadsWereLost(carried.encoded.lost)) return Bad(kLostWhileRead);
  return Ok();
}

FLOWTRAIN_REGISTER(CenterCrop);

}  // namespace flowtrain
