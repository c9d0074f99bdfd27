#include "nodes/measure/host_consumer.h"

#include "pipeline/node/registry.h"

namespace flowtrain {

void HostConsumer::Declare(NodeSpec& spec) {
  Consumer::Declare(spec);
  spec.Doc(
      "Stands for the program that takes a graph's batches: flowtrain puts it in the place of a "
      "Consumer when it measures a loader.");
}

void HostConsumer::Open(const OpenContext& context) {
  Attach();
  Consumer::Open(context);
}

FLOWTRAIN_REGISTER(HostConsumer);

}  // namespace flowtrain
