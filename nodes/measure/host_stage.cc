#include "nodes/measure/host_stage.h"

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
      .Options(&HostStage::views_);
}

void HostStage::Open(const OpenContext& context) {
  consumer_ = context.TryGet<Consumer>("consumer");
  views_.Check(context);
  if (consumer_ != nullptr) NormalizeViews::CheckIsBefore(context, *consumer_);
}

std::shared_ptr<uint8_t> HostStage::Allocate(size_t bytes) {
  return AllocateHostMemory(consumer_ == nullptr ? bytes : consumer_->format().BufferBytes(bytes));
}

std::vector<int> HostStage::view_sides() const { return ViewSides(Layout()); }

FLOWTRAIN_REGISTER(HostStage);

}  // namespace flowtrain
