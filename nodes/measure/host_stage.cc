#include "nodes/measure/host_stage.h"

#include "nodes/augment/views_layout.h"
#include "nodes/image/view_side.h"
#include "nodes/lend/consumer.h"
#include "nodes/lend/normalize_views.h"
#include "pipeline/base/buffer_memory.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void HostStage::Declare(NodeSpec& spec) {
  spec.Doc("Gathers augmented samples into batches in the host's memory; for measuring a loader.")
      .Input("rows", Stream::kSample)
      .Output("batches", Stream::kBatch)
      .MayUse("consumer", "Consumer")
      .Option(&HostStage::batch_size_, "batch_size", 128, "Images per batch.", AtLeast{1})
      .Option(&HostStage::image_size_, "image_size", 96, "Side of a view, pixels.", AtLeast{1})
      .Option(&HostStage::views_, "views", 0,
              "Views per image; 0: as many as `recipes` makes, or two.", AtLeast{0})
      .Option(&HostStage::recipes_, "recipes", Variants<ViewOptions>{},
              "What the ViewRecipe has as `views`: how many and how large the views are.");
}

BatchLayout HostStage::Layout() const {
  return ViewsLayout(batch_size_, image_size_, views_, recipes_);
}

void HostStage::Open(const OpenContext& context) {
  consumer_ = context.TryGet<Consumer>("consumer");
  CheckViewCount(context, views_, recipes_);
  if (consumer_ != nullptr) NormalizeViews::CheckIsBefore(context, *consumer_);
}

std::shared_ptr<uint8_t> HostStage::Allocate(size_t bytes) {
  return AllocateHostMemory(consumer_ == nullptr ? bytes : consumer_->format().BufferBytes(bytes));
}

std::vector<int> HostStage::view_sides() const { return ViewSides(Layout()); }

FLOWTRAIN_REGISTER(HostStage);

}  // namespace flowtrain
