#include "nodes/train/view_pairs.h"

#include <algorithm>
#include <utility>

#include "nodes/image/view_side.h"

namespace flowtrain {

std::shared_ptr<const ViewPairs> CopyViewPairs(const Batch& batch) {
  constexpr int kMostPairs = 8, kViews = 2;
  const int side = ViewSide(batch.layout);
  if (side == 0 || batch.layout.views != kViews || batch.buffer == nullptr) return nullptr;
  auto pairs = std::make_shared<ViewPairs>();
  pairs->side = side;
  pairs->pairs = std::min(kMostPairs, batch.layout.rows);
  const size_t bytes = batch.layout.view_bytes * static_cast<size_t>(pairs->pairs);
  pairs->pixels.reserve(kViews * bytes);
  for (int view = 0; view < kViews; ++view) {
    const uint8_t* rows = batch.Row(view, 0);
    pairs->pixels.insert(pairs->pixels.end(), rows, rows + bytes);
  }
  return pairs;
}

std::shared_ptr<const ViewPairs> ViewsToShow::Of(const Batch& batch) {
  constexpr uint64_t kEveryEpochs = 10;
  const bool due = batch.step % batch.steps_per_epoch == 0 && batch.epoch % kEveryEpochs == 0;
  return std::exchange(first_, false) || due ? CopyViewPairs(batch) : nullptr;
}

}  // namespace flowtrain
