// The optimiser's step at the end of a window.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>

#include <cstdint>
#include <deque>
#include <memory>

#include "nodes/device/device.h"
#include "nodes/device/spill_watch.h"
#include "nodes/run/step_record.h"
#include "nodes/train/optimizer/optimizer.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Input   windows  step  gradients in the parameters, payload TrainPayload.
// Output  steps    step  parameters moved; the payload's record filled. Its figures on a GPU come
//                        later.
// Threads the device lane; waits for the device only where that is more than two steps behind.
//
// Example:
//   step: {type: OptimizerStep, in: windows, out: steps}
class OptimizerStep final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  void Start() override;
  void Process(Step& step) override;
  void Flush() override;

 private:
  void FillClock(StepRecord& record);
  void FillDevice(StepRecord& record);
  void SendForFigures(const at::Tensor& figures, StepRecord& record);
  void AwaitOldSteps();

  const OpenContext* context_ = nullptr;
  Device* device_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  size_t total_bytes_ = 0;  // of the device
  SpillWatch spill_watch_{0};
  std::deque<std::shared_ptr<c10::Event>> in_flight_;             // the ends of the last steps
  uint64_t last_ns_ = 0, last_idle_ns_ = 0, last_paused_ns_ = 0;  // at the previous step
};

}  // namespace flowtrain
