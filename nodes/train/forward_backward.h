// The forward and backward passes of a window.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <deque>
#include <string>

#include "nodes/train/device.h"
#include "nodes/train/loss.h"
#include "nodes/train/optimizer.h"
#include "nodes/train/simclr_model.h"
#include "pipeline/node.h"

namespace flowtrain {

// Both views of a micro-batch go through the network in one forward of 2B, so batch-norm statistics
// are over both; NT-Xent in fp32; gradients add up over the window. `accumulation: independent`
// takes the mean of the micro-batches' losses, so an anchor sees the 2B-2 negatives of its own
// micro-batch.
//
// Input   batches  batch  with a StagedBatch payload.
// Output  windows  step   gradients stand in the parameters; payload TrainPayload with the loss.
// Threads the device lane.
//
// Example:
//   forward_backward: {type: ForwardBackward, in: batches, out: windows, options: {temperature:
//   0.5}}
class ForwardBackward final : public WindowNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  std::unique_ptr<Payload> NewPayload() override;
  void Start() override;
  void Process(Batch& batch, Step& step) override;
  void Close() noexcept override;

 private:
  at::Tensor Take(Batch& batch) const;  // the batch's images, ready on the compute stream
  at::Tensor Represent(const at::Tensor& images);  // [2B, H, W, 3] to [2B, D]
  void WaitForTheWindowBeforeLast();
  void MarkEndOfWindow();

  double temperature_ = 0;  // options
  std::string accumulation_;

  Device* device_ = nullptr;
  SimclrModel* model_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  Loss loss_;
  std::deque<c10::Event> window_ends_;  // GPU: of windows that may still be under way
};

}  // namespace flowtrain
