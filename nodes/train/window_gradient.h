// The loss and the gradients of a window, whatever part of it fits the device at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "nodes/train/loss/loss.h"
#include "nodes/train/model/running_statistics.h"

namespace flowtrain {

enum class Accumulation {
  // The loss of the whole window: every image has all others as negatives. Representations are
  // computed one micro-batch at a time; the loss and its gradient with respect to them are taken
  // over all of them; then each micro-batch's part of that gradient goes back through the network.
  // In one pass the autograd graphs of the micro-batches are kept until then. Without the memory
  // for that it takes two: representations are computed without gradients, and each micro-batch
  // goes forward again before its backward pass (Gao et al., "Scaling Deep Contrastive Learning
  // Batch Size under Memory Limited Setup", 2021). Both give the same bits.
  kExact,
  // The mean of the micro-batches' losses: an image's negatives are those of its own micro-batch.
  kIndependent,
};

// A window's images come in batches from the loader; they are computed in micro-batches of any
// size, which depends on memory. Batch-norm in training mode takes its statistics from a
// micro-batch, in both passes of the exact mode, and its running statistics move once, in the order
// of the micro-batches.
//
// Any call may run out of memory (IsOutOfMemory). Then call Forget and go on with smaller micro-batches:
// the next Advance or Finish computes again what had been computed.
class WindowGradient {
 public:
  struct Network {
    // uint8 images [N, H, W, 3] on the device to representations [N, D].
    std::function<at::Tensor(const at::Tensor& images)> represent;
    std::vector<at::Tensor> parameters;  // that `represent` uses and the gradients are for
    Loss loss;
    // The loss to call backward on: multiplied by the loss scale under FP16.
    std::function<at::Tensor(const at::Tensor& loss)> scale;
    // Exact: whether there is room for the graph of one more micro-batch. Asked before each; after
    // the first no, the rest of the window takes two passes.
    std::function<bool()> has_room;
  };

  // The other ranks that compute the same window, each from images of its own. The losses and
  // gradients are those of the window of all of them; the gradients of the parameters, of which each
  // rank has a part, are added up.
  struct Peers {
    // [2, n, D] of this rank's images to [2, N, D] of those of all ranks, in their order.
    std::function<at::Tensor(const at::Tensor& own)> gather;
    // The next backward pass is the window's last; the passes before it left these gradients.
    std::function<void(std::vector<at::Tensor> before)> begin_last_backward;
    // All gradients of the window are on their way: until they are added up.
    std::function<void()> finish_gradients;
    int64_t dimensions = 0;  // of a representation, D
  };

  // `peers` may be null: there are none.
  WindowGradient(Accumulation accumulation, Network network, RunningStatistics& statistics,
                 std::unique_ptr<Peers> peers = nullptr);

  // A window of `images` images, `micro_batch` of them at a time.
  void Begin(int64_t images, int64_t micro_batch);
  // With peers: of the window's images over all ranks, this one has `images` (perhaps none) from
  // the `first` on. After Begin.
  void Share(int64_t first, int64_t over_all);
  // Images of the window, uint8 [2, B, H, W, 3], first views and second views. Computes nothing.
  void Add(at::Tensor images);
  // Computes what can be computed before the window is complete, so that the device has work while
  // the loader makes the rest.
  void Advance();
  // After all images were added: adds the window's gradients to those in the parameters and returns
  // its loss, detached. The images stay until the next Begin.
  at::Tensor Finish();

  // Drops all that was computed. The caller must put gradients and running statistics back.
  void Forget(int64_t micro_batch);
  // Whether other ranks have had something of this window, so that it cannot be computed again.
  bool is_shared_out() const { return shared_out_; }
  // Micro-batches of the window that were computed.
  int64_t micro_batches() const { return (images_ + micro_batch_ - 1) / micro_batch_; }
  // Images of the window so far: batches of the loader, [2, B, H, W, 3].
  const std::vector<at::Tensor>& images() const { return batches_; }

 private:
  bool OneMicroBatch() const {
    return accumulation_ == Accumulation::kExact && micro_batch_ >= images_ && peers_ == nullptr;
  }
  at::Tensor Micro(int64_t first) const;  // [2n, H, W, 3] of the images from `first` on
  at::Tensor Represent(const at::Tensor& images) const;
  at::Tensor RepresentToLearn(const at::Tensor& images);    // with a graph; the statistics move
  at::Tensor RepresentToCompare(const at::Tensor& images);  // neither
  at::Tensor RepresentExact(const at::Tensor& images);
  // Makes the call, which goes back through the network, and adds up the gradients.
  template <typename Call>
  void AddGradients(Call backward);
  // `last`: of the window.
  template <typename Call>
  void AddLastGradients(Call backward);
  void Backward(const at::Tensor& representations, int64_t images, bool last);
  void BackwardExact();
  at::Tensor GatherAll() const;  // [2N, D], all first views before all second views
  void FinishWithPeers();

  const Accumulation accumulation_;
  const Network network_;
  RunningStatistics& statistics_;
  const std::unique_ptr<Peers> peers_;

  int64_t first_ = 0, over_all_ = 0;  // with peers: this rank's first image, and all ranks' images
  bool shared_out_ = false;
  int64_t images_ = 0, micro_batch_ = 1;
  int64_t added_ = 0, done_ = 0;  // images
  bool keeps_graphs_ = true;      // exact: of the micro-batches so far
  std::vector<at::Tensor> batches_;
  // Exact: of each micro-batch done, [2n, D]; the first ones may have their graphs.
  std::vector<at::Tensor> representations_;
  at::Tensor loss_;
};

}  // namespace flowtrain
