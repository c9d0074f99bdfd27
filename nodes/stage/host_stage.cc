#include "nodes/stage/host_stage.h"

#include <cstdlib>
#include <new>

#include "pipeline/registry.h"

namespace flowtrain {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

void HostStage::Declare(NodeSpec& spec) {
  spec.Doc("Gathers augmented samples to batches in the host's memory; for measuring a loader.")
      .Input("rows", Stream::kSample)
      .Output("batches", Stream::kBatch)
      .Option(&HostStage::batch_size_, "batch_size", 128, "Images a batch.", AtLeast{1})
      .Option(&HostStage::image_size_, "image_size", 96, "Side of a view, pixels.", AtLeast{1});
}

BatchLayout HostStage::Layout() const {
  const auto side = static_cast<size_t>(image_size_);
  return {batch_size_, 2, side * side * 3};
}

std::shared_ptr<uint8_t> HostStage::Allocate(size_t bytes) {
  const size_t pages = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, pages));
  if (data == nullptr) throw std::bad_alloc();
  return {data, [](uint8_t* p) { std::free(p); }};
}

FLOWTRAIN_REGISTER_NODE(HostStage);

}  // namespace flowtrain
