#include "nodes/testing/test_window.h"

#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

uint64_t Mix(uint64_t digest, uint64_t value) { return (digest ^ value) * 0x100000001B3u; }

}  // namespace

uint64_t Digest(const Batch& batch) {
  uint64_t digest = 0xCBF29CE484222325u;
  for (const uint64_t id : batch.ids) digest = Mix(digest, id);
  for (size_t i = 0; i < batch.layout.bytes(); ++i) digest = Mix(digest, batch.buffer[i]);
  return digest;
}

void TestWindow::Declare(NodeSpec& spec) {
  spec.Doc("Digests windows of batches; for tests and benches of the engine.")
      .Input("batches", Stream::kBatch)
      .Output("windows", Stream::kStep);
  DeclareBehaviour(spec);
}

void TestWindow::Process(Batch& batch, Step& step) {
  Work(batch);
  std::vector<uint64_t>& digests = static_cast<TestDigests&>(*step.payload).of_batches;
  if (batch.in_window == 0) digests.clear();
  digests.push_back(Digest(batch));
}

FLOWTRAIN_REGISTER(TestWindow);

}  // namespace flowtrain
