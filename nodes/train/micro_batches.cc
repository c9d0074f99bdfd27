#include "nodes/train/micro_batches.h"

#include <algorithm>
#include <limits>

#include "nodes/device/free_memory.h"
#include "nodes/device/out_of_memory.h"
#include "pipeline/base/log.h"

namespace flowtrain {

MicroBatches::MicroBatches(const Device& device, Accumulation accumulation, uint64_t gradient_bytes,
                           int64_t size)
    : device_(device),
      accumulation_(accumulation),
      graph_memory_(device, gradient_bytes),
      size_(size) {}

MicroBatches::Passes MicroBatches::Plan(int64_t window_images,
                                        const std::function<at::Tensor()>& forward) {
  if (accumulation_ != Accumulation::kExact || size_ == 0 || window_images <= size_) return {};
  planned_images_ = window_images;
  const bool measured = graph_memory_.micro_batch_bytes() > 0 || graph_memory_.Measure(forward);
  const int64_t micro_batches = (window_images + size_ - 1) / size_;
  keeps_graphs_ = measured && graph_memory_.HasRoomFor(micro_batches);
  return {keeps_graphs_ ? 1 : 2,
          graph_memory_.micro_batch_bytes() * static_cast<uint64_t>(micro_batches)};
}

bool MicroBatches::HasRoomForGraph() {
  if (!keeps_graphs_ || device_.is_accelerator() || graph_memory_.HasRoomFor(1)) {
    return keeps_graphs_;
  }
  keeps_graphs_ = false;
  LogWarning(
      "little memory is left: from here on the micro-batches of a step go through the network "
      "twice, so that their activations need not be kept. Losses and weights stay the same");
  return false;
}

bool MicroBatches::IsLackOfRoom(const std::exception& error) const {
  // Without the graphs the host's memory may suffice; smaller micro-batches are for devices.
  return IsOutOfMemory(error) || (keeps_graphs_ && IsOutOfHostMemory(error));
}

std::string MicroBatches::TakeLess(int64_t window_images, const OpenContext& context) {
  if (keeps_graphs_) return GiveUpGraphs();
  const int64_t too_large = std::min(size_, window_images);
  if (too_large <= Least()) return {};
  size_ = (too_large + 1) / 2;
  return "out of memory: the step is computed again, from the same images, in micro-batches of " +
         std::to_string(size_) + " images instead of " + std::to_string(too_large) +
         ", as are the next ones. To start like that: " + Settings(window_images, context) +
         (accumulation_ == Accumulation::kExact
              ? ""
              : ". An image's negatives are those of its micro-batch: there are fewer of them now");
}

// Room for the same micro-batches, with the same results, in more time.
std::string MicroBatches::GiveUpGraphs() {
  keeps_graphs_ = false;
  planned_images_ = std::numeric_limits<int64_t>::max();
  return "out of memory: the step is computed again, from the same images, in two passes through "
         "the network instead of one, as are the next ones. Losses and weights stay the same";
}

std::string MicroBatches::Settings(int64_t window_images, const OpenContext& context) const {
  const int64_t micro_batches = (window_images + size_ - 1) / size_;
  return "set " + context.NameInStage("batch_size") + " to " + std::to_string(size_) + " and " +
         context.NameOf("gradient_accumulation") + " to " + std::to_string(micro_batches);
}

}  // namespace flowtrain
