#include "nodes/testing/test_step.h"

#include "nodes/testing/test_window.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void TestStep::Declare(NodeSpec& spec) {
  spec.Doc("Takes time on the device lane; for tests and benches of the engine.")
      .Input("in", Stream::kStep)
      .Output("out", Stream::kStep)
      .OnLane();
  DeclareBehaviour(spec);
}

void TestSink::Declare(NodeSpec& spec) {
  spec.Doc("Tells the log of every step; for tests and benches of the engine.")
      .Input("in", Stream::kStep);
  DeclareBehaviour(spec);
}

void TestSink::Process(Step& step) {
  Work(step);
  const auto* digests = dynamic_cast<const TestDigests*>(step.payload.get());
  if (log_ != nullptr && digests != nullptr) log_->AddStep(step.step, digests->of_batches);
}

FLOWTRAIN_REGISTER(TestStep);
FLOWTRAIN_REGISTER(TestSink);

}  // namespace flowtrain
