#include "nodes/testing/test_collate.h"

#include <new>

#include "pipeline/node/registry.h"

namespace flowtrain {

void TestCollate::Declare(NodeSpec& spec) {
  spec.Doc("Gathers samples into batches of plain bytes; for tests and benches of the engine.")
      .Input("rows", Stream::kSample)
      .Output("batches", Stream::kBatch)
      .Option(&TestCollate::batch_size_, "batch_size", 8, "Samples per batch.", AtLeast{1})
      .Option(&TestCollate::view_bytes_, "view_bytes", 16, "Bytes per view.", AtLeast{1});
  DeclareBehaviour(spec);
}

BatchLayout TestCollate::Layout() const {
  return {batch_size_, 2, static_cast<size_t>(view_bytes_)};
}

std::shared_ptr<uint8_t> TestCollate::Allocate(size_t bytes) {
  constexpr std::align_val_t kAlignment{64};
  return {static_cast<uint8_t*>(::operator new(bytes, kAlignment)),
          [](uint8_t* memory) { ::operator delete (memory, std::align_val_t{64}); }};
}

FLOWTRAIN_REGISTER(TestCollate);

}  // namespace flowtrain
