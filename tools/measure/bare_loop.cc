#include "tools/measure/bare_loop.h"

#include "pipeline/node/run_control.h"

namespace flowtrain {

BareLoop::BareLoop(const GraphDef& def, const Registry& registry, RunControl& run)
    : run_(run), nodes_(def, registry, run), buffer_(nodes_.Allocate(batch_)) {
  row_ = batch_.layout.rows;
  nodes_.stage().Start();
}

BareLoop::~BareLoop() { nodes_.stage().Close(); }

bool BareLoop::Pass(uint64_t images) {
  for (uint64_t i = 0; i < images; ++i) {
    if (run_.draining()) return false;
    if (row_ == batch_.layout.rows) {
      row_ = 0;
      if (!nodes_.BeginBatch(batch_)) return false;
    }
    nodes_.Admit(sample_, batch_, row_);
    batch_.ids[static_cast<size_t>(row_)] = sample_.id;
    batch_.labels[static_cast<size_t>(row_)] = sample_.label;
    if (sample_.payload != nullptr) sample_.payload->Release();
    if (++row_ == batch_.layout.rows) nodes_.stage().Process(batch_);
  }
  return true;
}

}  // namespace flowtrain
