#include "nodes/augment/center_crop.h"

#include <string>

#include "nodes/augment/center_view.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void CenterCrop::Declare(NodeSpec& spec) {
  spec.Doc(
          "Resizes an image's shorter side and cuts out its centre: the view it is evaluated with.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
      .Option(&CenterCrop::size_, "size", 96, "Side of the view, pixels.", AtLeast{1});
}

void CenterCrop::Open(const OpenContext& context) {
  const auto side = static_cast<size_t>(size_);
  if (context.layout().view_bytes == side * side * 3) return;
  throw ConfigError(context.NameInStage("image_size") + " is not the " + std::to_string(size_) +
                    " pixels of " + context.NameOf("size"));
}

Outcome CenterCrop::Process(Sample& sample, Worker&) {
  CenterView(sample.pixels.data(), sample.height, sample.width, size_,
             sample.batch->Row(0, sample.row));
  if (ReadsWereLost(sample.lost)) return Bad(kLostWhileRead);
  return Ok();
}

FLOWTRAIN_REGISTER(CenterCrop);

}  // namespace flowtrain
