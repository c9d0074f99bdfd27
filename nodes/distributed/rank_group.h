// The processes that train one network together.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nodes/distributed/backend.h"
#include "nodes/distributed/collective_log.h"
#include "nodes/distributed/collectives.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/launch/ranks.h"
#include "nodes/distributed/rank_board.h"
#include "nodes/distributed/rank_faults.h"
#include "nodes/distributed/rank_store.h"

namespace flowtrain {

// Another rank has ended, hangs or cannot be reached; the message names it where that is known.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the calls that all ranks make together have cost this one.
struct CollectiveCost {
  uint64_t wait_ns = 0;  // until they were done, beyond what was computed meanwhile
  uint64_t bytes = 0;    // of the tensors given to them
};

// Connects the ranks of a launch. A process that was not launched as one of several is the only
// rank, and none of this costs it anything, unless `backend` names what it is to go through.
//
// Everything listens on one address: loopback where the ranks meet there, else that of `interface`,
// of GLOO_SOCKET_IFNAME, or the one from which MASTER_ADDR is reached.
//
// Collective calls are made by all ranks in the same order, on the device lane. They throw RankLost.
//
// Example:
//   ranks: {type: RankGroup, options: {timeout_s: 300}}
class RankGroup final : public Ranks {
 public:
  static void Declare(NodeSpec& spec);

  // How this process was launched. Before Open; without it there is one rank.
  void Join(const Launch& launch) { launch_ = launch; }
  // Throws ConfigError where the ranks do not find each other within `timeout_s`.
  void Open(const OpenContext& context) override;
  ~RankGroup() override;

  int rank() const override { return launch_.rank; }
  int ranks() const override { return launch_.ranks; }
  // Whether a window is computed by collective calls, which one rank alone makes only where `backend`
  // is named: to test and measure what carries them.
  bool together() const { return several() || backend_ != Backend::kAuto; }
  const Launch& launch() const { return launch_; }
  double timeout_s() const { return timeout_s_; }
  bool sync_batch_norm() const { return several() && sync_batch_norm_; }

  // Adds up a contiguous tensor over the ranks, in place: the same bits on each of them.
  std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor);
  // The same, until this sum and those started before it are known to be right: no error of a device
  // goes unnoticed past it.
  void Sum(const at::Tensor& tensor);
  // [ranks, …]: the tensors of all ranks, of one shape, in their order.
  at::Tensor Gather(const at::Tensor& tensor);
  // One after the other along `dim`: the tensors of all ranks, of one shape but for its size, which
  // `sizes` has for each rank.
  at::Tensor GatherParts(const at::Tensor& own, const std::vector<int64_t>& sizes, int64_t dim);
  // Since it was last asked for, or the beginning.
  CollectiveCost TakeCost();

  // Seconds that this process has spent in the calls above, which wait for the others.
  double waited_s() const { return static_cast<double>(waited_ns_.load()) * 1e-9; }

  // When those calls were under way, once it is told to keep that. NCCL's are among the kernels that
  // a profiler sees on the device, and not in here.
  CollectiveLog& log() { return log_; }

  // Of any thread: a text for rank 0, of which the last counts, and the last one of each rank, empty
  // where it has none.
  void Publish(const std::string& text) const;
  std::vector<std::string> Published() const;
  // The same on a connection that stays, for whoever does so often.
  RankBoard Board() const { return {store_->Copy(), rank(), ranks()}; }

  void AskToStop() override;
  bool asked_to_stop() const override { return heart_ != nullptr && heart_->asked_to_stop(); }
  std::vector<std::string> GatherTexts(const std::string& own) override;

  // The text that rank 0 gives: the others wait for it, however long that takes.
  std::string FromLeader(const std::string& text);
  // Throws ConfigError on a rank whose text differs from rank 0's; it shows the first line that does.
  void ExpectSame(const std::string& text);

  // This process has done its part of the run: rank 0, which serves the others, waits for theirs.
  void Leave();
  // It ends because of `why`, unless that is another rank's fault.
  void LeaveFailed(const std::string& why);

 private:
  // Work may take long, the silence of a process that lives may not.
  double LongestSilence() const;
  void AwaitArrival(PendingSum& sum);
  [[noreturn]] void Lose(const std::exception& error);
  [[noreturn]] void Lose(const std::string& why);
  template <typename Call>
  auto Together(Call call);
  std::string NextKey(const char* kind) { return kind + std::to_string(++keys_); }
  std::optional<std::string> WaitFor(int rank, const std::string& key, double timeout_s);

  double timeout_s_ = 0;  // options
  std::string interface_;
  bool sync_batch_norm_ = false;
  Backend backend_ = Backend::kAuto;

  c10::Device device_{c10::kCPU};
  Launch launch_;
  std::optional<RankStore> store_;
  std::unique_ptr<Heartbeat> heart_;
  CollectiveLog log_;
  std::unique_ptr<Collectives> collectives_;
  CollectiveCost cost_;   // since it was taken, but for the time
  uint64_t told_ns_ = 0;  // of waited_ns_
  uint64_t keys_ = 0;     // as many on all ranks
  std::atomic<uint64_t> waited_ns_{0};
  bool lost_ = false;
};

}  // namespace flowtrain
