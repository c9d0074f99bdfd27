// The forward and backward passes of a window.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/device/device.h"
#include "nodes/distributed/rank_group.h"
#include "nodes/train/host_lead.h"
#include "nodes/train/micro_batches.h"
#include "nodes/train/model/normalise.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/nonfinite_report.h"
#include "nodes/train/nonfinite_watch.h"
#include "nodes/train/optimizer/optimizer.h"
#include "nodes/train/representations.h"
#include "nodes/train/view_pairs.h"
#include "nodes/train/window_gradient.h"
#include "nodes/train/window_over_ranks.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class ImageDataset;
class RunDir;
struct TrainPayload;

// Both views of a micro-batch go through the network in one forward pass, so batch-norm statistics
// cover both; the loss is in fp32; gradients are those of the whole window, as `accumulation` says
// (WindowGradient). How much of a window goes through the network at a time depends on memory, and so
// does whether exact accumulation takes one pass or two: if the device has too little, the window is
// computed again with the same samples in two passes or, if it was, in micro-batches of half the
// size, and so are those that follow.
//
// Several ranks compute a window together, each from its own batches: the loss, the gradients and
// the running statistics are those of one process that has all of them.
//
// Input   batches  batch  with a StagedBatch payload.
// Output  windows  step   gradients are in the parameters; payload TrainPayload with the loss.
// Memory  the images of a window on the device, as bytes; activations of a micro-batch, or of all.
// Threads the device lane.
// Errors  ends the run (EndRun) if not even the smallest micro-batch fits the device, or if
//         gradients are no longer finite; then it writes nonfinite.json to the run's folder; or if
//         another rank is lost.
//
// Example:
//   forward_backward:
//     {type: ForwardBackward, in: batches, out: windows, options: {temperature: 0.5}}
class ForwardBackward final : public WindowNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  std::unique_ptr<Payload> NewPayload() override;
  void Start() override;
  void Process(Batch& batch, Step& step) override;
  void Close() noexcept override;

  // Images through the network at a time; 0: to be found at the start.
  int64_t micro_batch() const { return micro_batches_->size(); }
  // How often exact accumulation takes the micro-batches through the network, decided for windows in
  // which this rank has so many images and less. On the device lane, after Open.
  using Passes = MicroBatches::Passes;
  Passes PlanPasses(int64_t window_images);
  // Negatives of an anchor in a window of so many images: the other views that its loss sees,
  // without those of its own image. 0 if the loss has none; empty if that depends on the device's
  // memory.
  std::optional<int64_t> Negatives(int64_t window_images) const;
  // The most images that a rank has of a window of so many.
  int64_t OwnImages(int64_t window_images) const;

 private:
  at::Tensor Take(Batch& batch);  // the batch's images, ready on the compute stream
  at::Tensor Represent(const at::Tensor& images);  // uint8 [N, H, W, 3] to [N, D]
  void BeginWindow(const Batch& batch, Step& step);

  at::Tensor BlackImages(int64_t images) const;
  // Computes a window of black images: the time that it took, or nothing where memory does not suffice.
  std::optional<uint64_t> WindowNs(int64_t micro_batch, int64_t window_images);
  bool Fits(int64_t micro_batch, int64_t window_images);
  // Makes the call, again and again in smaller micro-batches while memory does not suffice.
  template <typename Call>
  void WithRoom(Call call);
  void MakeRoom();
  bool HasRoomForGraph();  // of one more micro-batch
  void UndoWindow();
  void DropWindow();
  int WholeWindow(const Batch& batch) const;
  void ProcessOwn(Batch& batch, Step& step);

  void EndWindowTogether(TrainPayload& payload, bool* too_many_nonfinite);
  [[noreturn]] void EndForLackOfMemory();

  void EndWhereNotFinite(const Batch& batch, const at::Tensor& loss);
  NonFiniteReport Examine(const Batch& batch, const at::Tensor& loss);

  LossOptions loss_;  // options
  Accumulation accumulation_ = Accumulation::kExact;
  std::string gradient_accumulation_;
  int64_t effective_batch_ = 0, max_nonfinite_steps_ = 0;
  int64_t representations_every_ = 0;

  const OpenContext* context_ = nullptr;
  Device* device_ = nullptr;
  SimclrModel* model_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  ImageDataset* dataset_ = nullptr;  // null: there is none
  RunDir* run_dir_ = nullptr;        // null: there is none
  RankGroup* ranks_ = nullptr;       // null: there is none
  BatchLayout layout_;
  std::unique_ptr<WindowOverRanks> together_;  // several ranks, or one that computes as several do
  std::unique_ptr<WindowGradient> gradient_;
  std::unique_ptr<NonFiniteWatch> watch_;
  std::unique_ptr<MicroBatches> micro_batches_;
  Normaliser normalise_;
  int64_t window_images_ = 0;  // of the window under way, on this rank
  int window_over_all_ = 1;    // its batches, on all ranks
  std::vector<uint64_t> ids_;  // of its images
  RepresentationSample representations_{0};
  ViewsToShow views_;
  HostLead lead_;
};

}  // namespace flowtrain
