// How a window is divided for the network, as memory allows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <string>

#include "nodes/device/device.h"
#include "nodes/train/graph_memory.h"
#include "nodes/train/window_gradient.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// The size of the micro-batches and, for exact accumulation, whether their graphs are kept, so that a
// window takes one pass through the network instead of two. Where memory runs out it gives up the
// graphs first, then half of a micro-batch, for this window and those that follow.
class MicroBatches {
 public:
  // Of `size` images; 0: to be found at the start. `gradient_bytes` as for GraphMemory.
  MicroBatches(const Device& device, Accumulation accumulation, uint64_t gradient_bytes,
               int64_t size);

  int64_t size() const { return size_; }
  void SetSize(int64_t size) { size_ = size; }
  // A single pair has a loss only where pairs of other micro-batches are its negatives.
  int64_t Least() const { return accumulation_ == Accumulation::kExact ? 1 : 2; }

  // How often the micro-batches of a window go through the network: once if their graphs fit in
  // memory. 0: accumulation is not exact, there is one micro-batch, or their size is not known.
  struct Passes {
    int count = 0;
    uint64_t graph_bytes = 0;  // of one pass, beyond a single micro-batch's needs; 0: not known
  };
  // Decides it for windows of so many images and less. `forward` is the forward pass of a micro-batch.
  Passes Plan(int64_t window_images, const std::function<at::Tensor()>& forward);
  bool IsPlannedFor(int64_t window_images) const { return window_images <= planned_images_; }

  // Whether a window takes one pass.
  bool keeps_graphs() const { return keeps_graphs_; }
  void KeepGraphs(bool keep) { keeps_graphs_ = keep; }
  // Whether there is room for the graph of one more micro-batch; after a no, graphs are not kept. An
  // accelerator says itself when it has no more memory.
  bool HasRoomForGraph();

  // Whether an error is a lack of memory that less at a time may help against.
  bool IsLackOfRoom(const std::exception& error) const;
  // Takes less at a time from now on, in a window of so many images. Returns what to tell of that;
  // empty: there is nothing left to give up. `context` has the names of the options.
  std::string TakeLess(int64_t window_images, const OpenContext& context);

 private:
  std::string GiveUpGraphs();
  // With which a run begins with the present micro-batch.
  std::string Settings(int64_t window_images, const OpenContext& context) const;

  const Device& device_;
  const Accumulation accumulation_;
  GraphMemory graph_memory_;
  int64_t size_;
  bool keeps_graphs_ = false;
  int64_t planned_images_ = 0;  // of a window for which that was decided
};

}  // namespace flowtrain
