#include "nodes/lend/lend_batch.h"

#include "nodes/lend/consumer.h"
#include "nodes/lend/normalize_views.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

void LendBatch::Declare(NodeSpec& spec) {
  spec.Doc("Gathers augmented samples into batches and hands them to the graph's consumer.")
      .Input("rows", Stream::kSample)
      .Uses("consumer", "Consumer")
      .Options(&LendBatch::views_);
}

void LendBatch::Open(const OpenContext& context) {
  consumer_ = &context.Get<Consumer>("consumer");
  run_ = &context.run();
  views_.Check(context);
  NormalizeViews::CheckIsBefore(context, *consumer_);
}

std::shared_ptr<uint8_t> LendBatch::Allocate(size_t bytes) {
  return consumer_->batches()->Allocate(bytes);
}

void LendBatch::Process(Batch& batch) {
  if (!consumer_->place().IsWanted(batch.seq)) return;
  consumer_->batches()->Pass(batch, [this] { return run_->aborted(); });
}

FLOWTRAIN_REGISTER(LendBatch);

}  // namespace flowtrain
