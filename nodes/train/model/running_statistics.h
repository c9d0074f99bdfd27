// The running statistics of a network's batch-norms: kept, put back, left alone.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <vector>

namespace flowtrain {

// Running mean, running variance and count of batches of each batch-norm below a module. A window
// that is repeated, embedded twice or left out must move them once, or not at all.
class RunningStatistics {
 public:
  explicit RunningStatistics(const torch::nn::Module& module);

  // Notes what they are now; takes memory the first time alone. Like all calls here, some kernels
  // on the device whatever the number of batch-norms, and no wait for it.
  void Save();
  // Puts back what Save noted.
  void Restore();
  // The same where `condition` (a device tensor of one element) is not 0.
  void RestoreWhere(const at::Tensor& condition);

  // While it lives, forward passes in training mode use a batch's own statistics as ever and move
  // no running ones.
  class Pause {
   public:
    explicit Pause(const RunningStatistics& statistics);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    struct Member {
      at::Tensor* member;
      at::Tensor tensor;
    };
    std::vector<Member> taken_;
  };

 private:
  // Means and variances; counts. Each of one type, so that all go through one kernel.
  using Groups = std::array<std::vector<at::Tensor>, 2>;
  Groups Buffers() const;
  static void CopyTo(std::vector<at::Tensor>& buffers, const at::Tensor& flat);

  std::vector<std::shared_ptr<torch::nn::Module>> norms_;
  std::array<at::Tensor, 2> saved_;  // of each group, one after the other
};

}  // namespace flowtrain
