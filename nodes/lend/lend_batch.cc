#include "nodes/lend/lend_batch.h"

#include "nodes/augment/views_layout.h"
#include "nodes/lend/consumer.h"
#include "nodes/lend/normalize_views.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

void LendBatch::Declare(NodeSpec& spec) {
  spec.Doc("Gathers augmented samples into batches and hands them to the graph's consumer.")
      .Input("rows", Stream::kSample)
      .Uses("consumer", "Consumer")
      .Option(&LendBatch::batch_size_, "batch_size", 128, "Images per batch.", AtLeast{1})
      .Option(&LendBatch::image_size_, "image_size", 96, "Side of a view, pixels.", AtLeast{1})
      .Option(&LendBatch::views_, "views", 0,
              "Views per image; 0: as many as `recipes` makes, or two.", AtLeast{0})
      .Option(&LendBatch::recipes_, "recipes", Variants<ViewOptions>{},
              "What the ViewRecipe has as `views`: how many and how large the views are.");
}

BatchLayout LendBatch::Layout() const {
  return ViewsLayout(batch_size_, image_size_, views_, recipes_);
}

void LendBatch::Open(const OpenContext& context) {
  consumer_ = &context.Get<Consumer>("consumer");
  run_ = &context.run();
  CheckViewCount(context, views_, recipes_);
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
