// Nobody, in the place of the program that takes a graph's batches.
#pragma once

#include "nodes/lend/consumer.h"

namespace flowtrain {

// Takes the place of Consumer when a loader's graph is measured, or looked at, by flowtrain itself:
// the graph's nodes find in it which values to make, and its batches end in a HostStage.
//
// Memory  none: HostStage has the buffers.
// Threads as Consumer.
// Errors  Open: as Consumer, but it needs nobody to take the batches.
//
// Example:
//   consumer: {type: HostConsumer}
class HostConsumer final : public Consumer {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
};

}  // namespace flowtrain
