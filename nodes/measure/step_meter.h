// The last node of a graph that is only measured.
#pragma once

#include <cstdint>

#include "nodes/report/rates.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Device;

// Sums up the steps and writes nothing: the end of the graphs that `flowtrain bench` runs. Rates and
// the peak of the device's memory are those of the steps after the skipped ones: in the first window
// cuDNN tries algorithms that take more memory than the one it then uses. A device computes later
// than the host asks it to, so the clock starts when it has done the skipped steps and stops when it
// has done the last one.
//
// Input   steps  step  with a StepPayload.
//
// Example:
//   meter: {type: StepMeter, in: steps, options: {skip: 2}}
class StepMeter final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);

  void Open(const OpenContext& context) override;
  void Process(Step& step) override;
  // Rates are over the steps after the skipped ones. Valid after the run.
  const StepTotals& totals() const { return totals_; }

 private:
  void StartClock();

  int64_t skip_ = 1;          // option
  Device* device_ = nullptr;  // null: the graph has none
  StepTotals totals_;
};

}  // namespace flowtrain
