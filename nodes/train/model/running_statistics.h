// The running statistics of a network's batch-norms: saved, put back, left alone.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <vector>

namespace flowtrain {

// Running mean, running variance and count of batches of each batch-norm below a module. A window
// that is repeated, computed twice or left out must update them once, or not at all.
class RunningStatistics {
  // Tensors that batch-norms lack while it lives.
  class Without {
   public:
    Without() = default;
    ~Without();
    Without(const Without&) = delete;
    Without& operator=(const Without&) = delete;
    void Take(at::Tensor& member);

   private:
    struct Member {
      at::Tensor* member;
      at::Tensor tensor;
    };
    std::vector<Member> taken_;
  };

 public:
  explicit RunningStatistics(const torch::nn::Module& module);

  // Saves their present values; takes memory only the first time. Like all calls here, it takes a
  // few kernels on the device whatever the number of batch-norms, and does not wait for it.
  void Save();
  // Puts back what Save saved.
  void Restore();
  // The same if `condition` (a device tensor of one element) is not 0.
  void RestoreWhere(const at::Tensor& condition);

  // Where the batches of a window are computed on several ranks, each with a copy of this network:
  // their running statistics after the window become those of one network that has seen all the
  // batches in order. After Save and `own` batches here, with `after` batches on later ranks, the
  // sum over all ranks of what TakeShare gives is for PutTogether, with the batches of all ranks.
  // Both wait for nothing.
  at::Tensor TakeShare(int64_t own, int64_t after) const;  // fp32 [n], the same n on all ranks
  void PutTogether(const at::Tensor& sum, int64_t batches);

  // Adds one to the count of batches of each batch-norm in training mode, in one kernel. A forward
  // pass does so with a kernel each, unless PauseCounts keeps it from that.
  void CountBatch();

  // While it lives, forward passes in training mode use a batch's own statistics as usual and do
  // not update the running ones.
  class Pause {
   public:
    explicit Pause(const RunningStatistics& statistics);

   private:
    Without taken_;
  };

  // While it lives, forward passes in training mode update means and variances, and do not count
  // the batch.
  class PauseCounts {
   public:
    explicit PauseCounts(const RunningStatistics& statistics);

   private:
    Without taken_;
  };

 private:
  // Means and variances; counts. Each group is of one type, so that one kernel handles all of it.
  using Groups = std::array<std::vector<at::Tensor>, 2>;
  Groups Buffers() const;
  static void CopyTo(std::vector<at::Tensor>& buffers, const at::Tensor& flat);
  // What of the values before so many batches is left after them, one factor per value.
  at::Tensor Kept(int64_t batches) const;

  std::vector<std::shared_ptr<torch::nn::Module>> norms_;
  std::array<at::Tensor, 2> saved_;  // of each group, one after the other
};

}  // namespace flowtrain
