#include "nodes/lend/lend_batch.h"

#include <string>
#include <vector>

#include "nodes/lend/consumer.h"
#include "nodes/lend/normalize_views.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

size_t BytesOfView(int side) { return static_cast<size_t>(side) * static_cast<size_t>(side) * 3; }

}  // namespace

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
  const std::vector<ViewOptions> recipes = EachView(recipes_, {.size = image_size_, .augment = {}});
  if (recipes.empty()) return {batch_size_, views_ == 0 ? 2 : views_, BytesOfView(image_size_)};
  BatchLayout layout{batch_size_, static_cast<int>(recipes.size()), BytesOfView(recipes[0].size)};
  for (const ViewOptions& view : recipes) layout.bytes_of_views.push_back(BytesOfView(view.size));
  const std::vector<size_t> alike(recipes.size(), layout.view_bytes);
  if (layout.bytes_of_views == alike) {
    layout.bytes_of_views.clear();
  } else {
    layout.view_bytes = 0;
  }
  return layout;
}

void LendBatch::CheckViews(const OpenContext& context) const {
  if (recipes_.empty() || views_ == 0 || views_ == context.layout().views) return;
  throw ConfigError(context.NameOf("views") + " is " + std::to_string(views_) + ", and " +
                    context.NameOf("recipes") + " makes " + std::to_string(context.layout().views) +
                    " views of an image: leave the former out, or set it to 0");
}

void LendBatch::Open(const OpenContext& context) {
  consumer_ = &context.Get<Consumer>("consumer");
  run_ = &context.run();
  CheckViews(context);
  // What a node between the two did to the bytes would be lost.
  if (consumer_->format().type != ValueType::kUint8 &&
      context.TryBefore<NormalizeViews>() == nullptr) {
    throw ConfigError(context.NameOf("consumer", "values") + " asks for normalised values, and '" +
                      context.name() + "' does not get them: put a NormalizeViews right before it");
  }
}

std::shared_ptr<uint8_t> LendBatch::Allocate(size_t bytes) {
  return consumer_->batches()->Allocate(bytes, consumer_->format());
}

void LendBatch::Process(Batch& batch) {
  if (!consumer_->place().IsWanted(batch.seq)) return;
  consumer_->batches()->Pass(batch, [this] { return run_->aborted(); });
}

FLOWTRAIN_REGISTER(LendBatch);

}  // namespace flowtrain
