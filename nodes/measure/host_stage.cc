#include "nodes/measure/host_stage.h"

#include "pipeline/base/buffer_memory.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void HostStage::Declare(NodeSpec& spec) {
  spec.Doc("Gathers augmented samples into batches in the host's memory; for measuring a loader.")
      .Input("rows", Stream::kSample)
      .Output("batches", Stream::kBatch)
      .Option(&HostStage::batch_size_, "batch_size", 128, "Images per batch.", AtLeast{1})
      .Option(&HostStage::image_size_, "image_size", 96, "Side of a view, pixels.", AtLeast{1})
      .Option(&HostStage::views_, "views", 2, "Views per image; 0: two.", AtLeast{0});
}

BatchLayout HostStage::Layout() const {
  const auto side = static_cast<size_t>(image_size_);
  return {batch_size_, views_ == 0 ? 2 : views_, side * side * 3};
}

std::shared_ptr<uint8_t> HostStage::Allocate(size_t bytes) { return AllocateHostMemory(bytes); }

FLOWTRAIN_REGISTER(HostStage);

}  // namespace flowtrain
