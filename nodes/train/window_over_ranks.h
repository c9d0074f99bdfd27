// A window that several ranks compute.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/distributed/gradient_sum.h"
#include "nodes/distributed/rank_group.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/window_gradient.h"

namespace flowtrain {

// What the ranks do together for a window: each computes its share of the batches, representations
// are gathered, gradients summed, and running statistics put together. All ranks make the same calls
// in the same order, on the device lane; they throw RankLost.
class WindowOverRanks {
 public:
  // `rows` images in a batch. The batch-norms of the model are synchronised where the group says so.
  WindowOverRanks(RankGroup& ranks, SimclrModel& model, c10::Device device, int64_t rows);
  WindowOverRanks(const WindowOverRanks&) = delete;
  WindowOverRanks& operator=(const WindowOverRanks&) = delete;

  // For the gradient of the windows.
  std::unique_ptr<WindowGradient::Peers> MakePeers();

  // The most images that a rank has of a window of so many.
  int64_t OwnImages(int64_t window_images) const;

  // A window of so many batches begins; `gradient` has begun it with this rank's. Where batch-norms
  // are synchronised, which needs the same passes on all ranks, `keeps_graphs` becomes what all can do.
  void Begin(int batches, WindowGradient& gradient, bool* keeps_graphs);

  // What the ranks have to agree on once the gradients are summed.
  struct End {
    at::Tensor loss;                                // in: this rank's; out: the sum of all
    bool stop = false, too_many_nonfinite = false;  // in: this rank's; out: whether any has it
  };
  // The window ends on all ranks, of which each had micro-batches of `micro_batch` images: the
  // running statistics are those of all of them, in order.
  void Finish(int64_t micro_batch, End* end);
  // The window is given up.
  void Drop() { norms_.together = false; }

  // Whether batch-norms are synchronised in the window under way.
  bool norms_together() const { return norms_.together; }

 private:
  void AgreeOnPasses(bool* keeps_graphs);
  int64_t Images(int rank) const;  // of the window
  at::Tensor GatherViews(const at::Tensor& own);

  RankGroup& ranks_;
  SimclrModel& model_;
  const c10::Device device_;
  const int64_t rows_;
  NormPeers norms_;
  std::unique_ptr<GradientSum> gradient_sum_;
  int batches_ = 1;  // of the window
  bool told_of_uneven_ = false;
};

}  // namespace flowtrain
