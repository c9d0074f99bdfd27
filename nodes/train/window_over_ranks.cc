#include "nodes/train/window_over_ranks.h"

#include <ATen/Functions.h>

#include <string>
#include <utility>

#include "nodes/distributed/launch/window_share.h"
#include "pipeline/base/log.h"

namespace flowtrain {

WindowOverRanks::WindowOverRanks(RankGroup& ranks, SimclrModel& model, c10::Device device,
                                 int64_t rows)
    : ranks_(ranks), model_(model), device_(device), rows_(rows) {
  if (!ranks_.sync_batch_norm()) return;
  norms_.gather = [this](const at::Tensor& own) { return ranks_.Gather(own); };
  norms_.sum = [this](const at::Tensor& tensor) { ranks_.Sum(tensor); };
  ShareNorms(model_.module(), &norms_);
}

std::unique_ptr<WindowGradient::Peers> WindowOverRanks::MakePeers() {
  gradient_sum_ = std::make_unique<GradientSum>(ranks_, model_.module().parameters());
  auto peers = std::make_unique<WindowGradient::Peers>();
  peers->gather = [this](const at::Tensor& own) { return GatherViews(own); };
  peers->begin_last_backward = [this](std::vector<at::Tensor> before) {
    gradient_sum_->Begin(std::move(before));
  };
  peers->finish_gradients = [this] { gradient_sum_->Finish(); };
  peers->dimensions = model_.projection_dim();
  return peers;
}

int64_t WindowOverRanks::OwnImages(int64_t window_images) const {
  const int64_t batches = window_images / rows_, ranks = ranks_.ranks();
  return (batches + ranks - 1) / ranks * rows_;
}

int64_t WindowOverRanks::Images(int rank) const {
  return int64_t{ShareOf(batches_, rank, ranks_.ranks()).count} * rows_;
}

void WindowOverRanks::Begin(int batches, WindowGradient& gradient, bool* keeps_graphs) {
  batches_ = batches;
  const WindowShare share = ShareOf(batches_, ranks_.rank(), ranks_.ranks());
  gradient.Share(int64_t{share.first} * rows_, int64_t{batches_} * rows_);
  if (ranks_.sync_batch_norm()) AgreeOnPasses(keeps_graphs);
}

void WindowOverRanks::AgreeOnPasses(bool* keeps_graphs) {
  norms_.together = batches_ % ranks_.ranks() == 0;
  if (norms_.together) {
    const at::Tensor cannot = at::full({1}, *keeps_graphs ? 0.0F : 1.0F, device_);
    ranks_.Sum(cannot);
    *keeps_graphs = cannot.item<float>() == 0;
  } else if (!std::exchange(told_of_uneven_, true)) {
    LogInfo("a step with " + std::to_string(batches_) + " batches for " +
            std::to_string(ranks_.ranks()) +
            " ranks: in such a one batch-norm is over the images of a rank, not of all");
  }
}

// [2, n, D] to [2, N, D].
at::Tensor WindowOverRanks::GatherViews(const at::Tensor& own) {
  std::vector<int64_t> images;
  images.reserve(static_cast<size_t>(ranks_.ranks()));
  for (int rank = 0; rank < ranks_.ranks(); ++rank) images.push_back(Images(rank));
  return ranks_.GatherParts(own, images, 1);
}

// All in one sum.
void WindowOverRanks::Finish(int64_t micro_batch, End* end) {
  const auto micro_batches = [&](int rank) {
    return (Images(rank) + micro_batch - 1) / micro_batch;
  };
  int64_t after = 0, over_all = 0;
  for (int rank = 0; rank < ranks_.ranks(); ++rank) {
    over_all += micro_batches(rank);
    if (rank > ranks_.rank()) after += micro_batches(rank);
  }
  RunningStatistics& statistics = model_.running_statistics();
  const bool have_the_same = std::exchange(norms_.together, false);
  const at::Tensor share =
      (have_the_same ? at::zeros({0}, end->loss.options())
                     : statistics.TakeShare(micro_batches(ranks_.rank()), after))
          .to(device_);
  const at::Tensor flags =
      at::tensor({end->stop ? 1.0F : 0.0F, end->too_many_nonfinite ? 1.0F : 0.0F});
  const at::Tensor sum =
      at::cat({share, flags.to(share.device()), end->loss.reshape({1}).to(share.options())});
  ranks_.Sum(sum);
  if (!have_the_same) statistics.PutTogether(sum.narrow(0, 0, share.size(0)), over_all);
  const at::Tensor agreed = sum.narrow(0, share.size(0), 2).cpu();
  end->stop = agreed[0].item<float>() > 0;
  end->too_many_nonfinite = agreed[1].item<float>() > 0;
  end->loss = sum[-1].clone();
}

}  // namespace flowtrain
