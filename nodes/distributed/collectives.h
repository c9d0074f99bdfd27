// Sums and gathers over the ranks, whatever carries them.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

namespace flowtrain {

class CollectiveLog;
class RankStore;

// A sum that is under way.
class PendingSum {
 public:
  PendingSum() = default;
  PendingSum(const PendingSum&) = delete;
  PendingSum& operator=(const PendingSum&) = delete;
  virtual ~PendingSum() = default;
  // Until the tensor holds the sum for what is computed next. Throws what the transport does.
  virtual void Wait() = 0;
  // After Wait: whether this sum and those that were started before it are done and right. On a
  // device they may still be under way. Throws where one has failed.
  virtual bool Arrived() { return true; }
};

// All ranks make the same calls in the same order, with tensors of the same shape and type,
// contiguous: on the host for Gloo, on the GPU for NCCL. Any call may throw where another rank is
// gone or late.
class Collectives {
 public:
  Collectives() = default;
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;
  virtual ~Collectives() = default;

  // Adds up `tensor` over the ranks, in place. It must not be touched until the wait is over.
  virtual std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) = 0;
  // [ranks, …]: the tensors of all ranks in their order.
  virtual at::Tensor Gather(const at::Tensor& tensor) = 0;
};

struct GlooOptions {
  int rank = 0, ranks = 1;
  std::string address;           // of this machine, to listen on
  std::string interface;         // the same by name; empty: `address` counts
  double timeout_s = 0;          // of connecting, and of each call
  CollectiveLog* log = nullptr;  // outlives the group; null: none
};

// Throws ConfigError if this program was built without Gloo's headers.
void RequireGloo();
// Connects every rank with every other. Throws what Gloo throws where that fails.
std::unique_ptr<Collectives> MakeGloo(RankStore& store, const GlooOptions& options);

}  // namespace flowtrain
