// Gradients added up over the ranks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/distributed/rank_group.h"

namespace flowtrain {

// Adds up the parameters' gradients over all ranks while the last backward pass of a window is still
// under way: in buckets, in the reverse order of the parameters, which is about the order in which
// a backward pass makes their gradients. A bucket is sent when all of its gradients are there and
// the buckets before it are sent, so the order is the same on all ranks.
class GradientSum {
 public:
  static constexpr int64_t kBucketBytes = int64_t{25} << 20;

  GradientSum(RankGroup& group, std::vector<at::Tensor> parameters,
              int64_t bucket_bytes = kBucketBytes);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  // The next backward pass is the last one of the window. `before` has the gradients that the passes
  // before it left, one per parameter, undefined where there is none; their memory is taken over.
  // The parameters themselves have none.
  void Begin(std::vector<at::Tensor> before);
  // After that pass, or without one: the parameters' gradients become the sums.
  void Finish();

  size_t buckets() const { return buckets_.size(); }

 private:
  class Hook;
  struct Bucket {
    std::vector<size_t> parameters;
    size_t missing = 0;  // gradients of the last pass
    at::Tensor sum;      // of all of them, one after the other
    std::unique_ptr<PendingSum> pending;
  };

  void Note(size_t parameter);  // its gradient is there
  void SendWhatIsReady(bool all);
  void Send(Bucket& bucket);
  void TakeBack(const Bucket& bucket);

  RankGroup& group_;
  std::vector<at::Tensor> parameters_, before_;
  std::vector<size_t> bucket_of_;
  std::vector<Bucket> buckets_;
  size_t sent_ = 0;  // buckets
  uint64_t begun_ns_ = 0;
  bool active_ = false;
};

}  // namespace flowtrain
