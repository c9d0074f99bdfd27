#include "nodes/distributed/rank_group.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <sstream>
#include <thread>
#include <utility>

#include "nodes/device/device.h"
#include "nodes/distributed/addresses.h"
#include "nodes/distributed/connect_ranks.h"
#include "nodes/distributed/rendezvous.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kLongestSilenceS = 30;

// Adds its own lifetime.
class WaitedNs {
 public:
  explicit WaitedNs(std::atomic<uint64_t>& sum) : sum_(sum) {}
  ~WaitedNs() { sum_.fetch_add(NowNs() - began_ns_, std::memory_order_relaxed); }
  WaitedNs(const WaitedNs&) = delete;
  WaitedNs& operator=(const WaitedNs&) = delete;

 private:
  std::atomic<uint64_t>& sum_;
  const uint64_t began_ns_ = NowNs();
};

// What the transport says of a rank that is gone becomes RankLost.
class GuardedSum final : public PendingSum {
 public:
  GuardedSum(std::unique_ptr<PendingSum> sum, std::atomic<uint64_t>& waited_ns,
             std::function<void(const std::exception&)> lose)
      : sum_(std::move(sum)), waited_ns_(waited_ns), lose_(std::move(lose)) {}
  void Wait() override {
    const WaitedNs waited(waited_ns_);
    try {
      sum_->Wait();
    } catch (const std::exception& error) {
      lose_(error);
    }
  }
  bool Arrived() override {
    try {
      return sum_->Arrived();
    } catch (const std::exception& error) {
      lose_(error);
    }
    return false;
  }

 private:
  std::unique_ptr<PendingSum> sum_;
  std::atomic<uint64_t>& waited_ns_;
  std::function<void(const std::exception&)> lose_;
};

}  // namespace

void RankGroup::Declare(NodeSpec& spec) {
  spec.Doc("The processes that train one network together, as they were launched (docs/scale.md).")
      .MayUse("device", "Device")
      .Option(&RankGroup::timeout_s_, "timeout_s", 300.0,
              "Seconds that a rank waits for the others, to connect and in each call they make "
              "together, before the run ends.",
              AtLeast{1})
      .Option(&RankGroup::interface_, "interface", std::string(),
              "Network interface between machines, such as eth0; empty: GLOO_SOCKET_IFNAME, or the "
              "one that leads to rank 0.")
      .Option(
          &RankGroup::sync_batch_norm_, "sync_batch_norm", false,
          "Batch-norm over the images that all ranks compute at a time, not over each rank's own.")
      .Option(&RankGroup::backend_, "backend", Backend::kAuto,
              "What carries gradients from rank to rank: NCCL from GPU to GPU, Gloo through host "
              "memory; auto: NCCL where every rank can use it, else Gloo.",
              Choices<Backend>{
                  {{"auto", Backend::kAuto}, {"gloo", Backend::kGloo}, {"nccl", Backend::kNccl}}});
}

void RankGroup::Open(const OpenContext& context) {
  if (!together()) return;
  if (const auto* device = context.TryGet<Device>("device")) device_ = device->device();
  std::string own = "127.0.0.1";
  if (several()) {
    context.run().StopTogether();
    const char* named = std::getenv("GLOO_SOCKET_IFNAME");
    if (interface_.empty() && named != nullptr) interface_ = named;
    const bool one_machine = IsLoopback(launch_.address);
    own = interface_.empty() || one_machine ? OwnAddressTowards(launch_.address)
                                            : AddressOfInterface(interface_);
    if (one_machine) interface_ = kLoopback;
    const auto end = DeadlineIn(timeout_s_);
    store_.emplace(launch_, own, timeout_s_);
    FindEachOther(*store_, launch_, end, timeout_s_);
    heart_ = std::make_unique<Heartbeat>(*store_, rank(), ranks(), LongestSilence());
  } else {
    interface_ = kLoopback;
    store_.emplace(RankStore::OfOneProcess());
  }
  try {
    collectives_ = ConnectRanks(*store_, launch_,
                                {.wanted = backend_,
                                 .device = device_,
                                 .address = own,
                                 .interface = interface_,
                                 .timeout_s = timeout_s_,
                                 .log = &log_});
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    Lose(error);
  }
}

double RankGroup::LongestSilence() const { return std::min(timeout_s_, kLongestSilenceS); }

RankGroup::~RankGroup() = default;

void RankGroup::Lose(const std::exception& error) {
  Lose(WhyLost(*store_, rank(), ranks(), error.what()));
}

void RankGroup::Lose(const std::string& why) {
  lost_ = true;
  throw RankLost(why);
}

template <typename Call>
auto RankGroup::Together(Call call) {
  if (heart_ != nullptr) heart_->CountCall();  // one rank alone has none
  const WaitedNs waited(waited_ns_);
  try {
    return call();
  } catch (const std::exception& error) {
    Lose(error);
  }
}

std::unique_ptr<PendingSum> RankGroup::StartSum(const at::Tensor& tensor) {
  return Together([&]() -> std::unique_ptr<PendingSum> {
    cost_.bytes += tensor.nbytes();
    return std::make_unique<GuardedSum>(collectives_->StartSum(tensor), waited_ns_,
                                        [this](const std::exception& error) { Lose(error); });
  });
}

void RankGroup::Sum(const at::Tensor& tensor) {
  const std::unique_ptr<PendingSum> sum = StartSum(tensor);
  sum->Wait();
  AwaitArrival(*sum);
}

// A device does not notice that another rank has ended, so the host looks while it waits.
void RankGroup::AwaitArrival(PendingSum& sum) {
  const WaitedNs waited(waited_ns_);
  constexpr std::chrono::microseconds kShortest{20}, kLongest{500};
  constexpr std::chrono::seconds kLookAround(5);
  const auto end = DeadlineIn(timeout_s_);
  auto next_look = Clock::now() + kLookAround;
  for (auto pause = kShortest; !sum.Arrived(); pause = std::min(2 * pause, kLongest)) {
    std::this_thread::sleep_for(pause);
    if (Clock::now() > end) Lose(std::runtime_error("a sum took longer than timeout_s"));
    if (!several() || Clock::now() < next_look) continue;
    const std::string lost = WhoIsLost(*store_, rank(), ranks());
    if (!lost.empty()) Lose(lost);
    next_look = Clock::now() + kLookAround;
  }
}

at::Tensor RankGroup::Gather(const at::Tensor& tensor) {
  return Together([&] {
    const at::Tensor own = tensor.to(device_).contiguous();
    cost_.bytes += own.nbytes();
    return collectives_->Gather(own).to(tensor.device());
  });
}

at::Tensor RankGroup::GatherParts(const at::Tensor& own, const std::vector<int64_t>& sizes,
                                  int64_t dim) {
  // All of them are sent as large as the largest.
  const int64_t most = *std::max_element(sizes.begin(), sizes.end());
  at::Tensor padded = own;
  if (own.size(dim) < most) {
    std::vector<int64_t> shape = own.sizes().vec();
    shape[static_cast<size_t>(dim)] = most;
    padded = at::zeros(shape, own.options());
    padded.narrow(dim, 0, own.size(dim)).copy_(own);
  }
  const at::Tensor gathered = Gather(padded);
  std::vector<at::Tensor> parts;
  parts.reserve(sizes.size());
  for (size_t rank = 0; rank < sizes.size(); ++rank) {
    parts.push_back(gathered[static_cast<int64_t>(rank)].narrow(dim, 0, sizes[rank]));
  }
  return at::cat(parts, dim);
}

// Empty: the rank is gone, or too late.
std::optional<std::string> RankGroup::WaitFor(int rank, const std::string& key, double timeout_s) {
  if (!AwaitKeyOf(*store_, rank, key, timeout_s)) return std::nullopt;
  return store_->TryGet(key);
}

void RankGroup::AskToStop() {
  if (heart_ != nullptr) heart_->AskToStop();
}

std::vector<std::string> RankGroup::GatherTexts(const std::string& own) {
  if (!several()) return {own};
  const WaitedNs waited(waited_ns_);
  const std::string key = NextKey("texts/") + '/';
  std::vector<std::string> texts;
  try {
    store_->Set(key + std::to_string(rank()), own);
    for (int other = 0; other < ranks(); ++other) {
      auto text = WaitFor(other, key + std::to_string(other), LongestSilence());
      if (!text) throw std::runtime_error("rank " + std::to_string(other) + " does not answer");
      texts.push_back(std::move(*text));
    }
  } catch (const std::exception& error) {
    Lose(error);
  }
  return texts;
}

std::string RankGroup::FromLeader(const std::string& text) {
  if (!several()) return text;
  const std::string key = NextKey("text/");
  if (leads()) {
    store_->Set(key, text);
    return text;
  }
  const std::optional<std::string> given = WaitFor(0, key, timeout_s_);
  if (!given) Lose(std::runtime_error("rank 0 does not answer"));
  return *given;
}

void RankGroup::ExpectSame(const std::string& text) {
  const std::string leaders = FromLeader(text);
  if (leaders == text) return;
  std::istringstream own_lines(text), leaders_lines(leaders);
  std::string own, other;
  do {
    if (!std::getline(own_lines, own)) own = "nothing more";
    if (!std::getline(leaders_lines, other)) other = "nothing more";
  } while (own == other && own_lines && leaders_lines);
  throw ConfigError("rank " + std::to_string(rank()) + " would not do the same as rank 0: it has " +
                    own + ", rank 0 has " + other +
                    ". Start all ranks with the same command, program and data");
}

CollectiveCost RankGroup::TakeCost() {
  const uint64_t waited_ns = waited_ns_.load(std::memory_order_relaxed);
  cost_.wait_ns = waited_ns - std::exchange(told_ns_, waited_ns);
  return std::exchange(cost_, {});
}

void RankGroup::Publish(const std::string& text) const { Board().Publish(text); }

std::vector<std::string> RankGroup::Published() const { return Board().Published(); }

void RankGroup::Leave() {
  if (!several() || lost_) return;
  try {
    LeaveTogether(*store_, launch_, timeout_s_);
  } catch (const std::exception&) {
    // The run is over all the same.
  }
}

void RankGroup::LeaveFailed(const std::string& why) {
  if (several() && store_ && !lost_) TellOfFailure(*store_, rank(), why);
}

FLOWTRAIN_REGISTER(RankGroup);

}  // namespace flowtrain
