// Gloo, which libtorch contains. Its wheel lacks Gloo's own headers, so they are the system's; all
// that is used of them is a pointer to a device.
#include "nodes/distributed/collectives.h"

#if __has_include(<gloo/context.h>)
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

#include <ATen/Functions.h>

#include <chrono>
#include <utility>
#include <vector>

#include "nodes/distributed/collective_log.h"
#include "nodes/distributed/rank_store.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"

namespace flowtrain {

#ifdef USE_C10D_GLOO
namespace {

class GlooSum final : public PendingSum {
 public:
  explicit GlooSum(c10::intrusive_ptr<c10d::Work> work) : work_(std::move(work)) {}
  void Wait() override { work_->wait(); }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
};

class Gloo final : public Collectives {
 public:
  Gloo(RankStore& store, const GlooOptions& options) : ranks_(options.ranks), log_(options.log) {
    using Group = c10d::ProcessGroupGloo;
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(options.timeout_s));
    auto group_options = Group::Options::create(timeout);
    group_options->devices = {options.interface.empty()
                                  ? Group::createDeviceForHostname(options.address)
                                  : Group::createDeviceForInterface(options.interface)};
    group_ = c10::make_intrusive<Group>(store.raw(), options.rank, options.ranks, group_options);
  }

  std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) override {
    std::vector<at::Tensor> tensors = {tensor};
    return std::make_unique<GlooSum>(
        Logged(CollectiveSpan::Kind::kSum, tensor, [&] { return group_->allreduce(tensors); }));
  }

  at::Tensor Gather(const at::Tensor& tensor) override {
    std::vector<int64_t> sizes = {ranks_};
    sizes.insert(sizes.end(), tensor.sizes().begin(), tensor.sizes().end());
    const at::Tensor all = at::empty(sizes, tensor.options());
    std::vector<std::vector<at::Tensor>> outputs = {all.unbind(0)};
    std::vector<at::Tensor> inputs = {tensor};
    Logged(CollectiveSpan::Kind::kGather, tensor, [&] {
      return group_->allgather(outputs, inputs);
    })->wait();
    return all;
  }

 private:
  // The call is over when its own thread has done it, not when somebody has waited for it.
  template <typename Call>
  c10::intrusive_ptr<c10d::Work> Logged(CollectiveSpan::Kind kind, const at::Tensor& tensor,
                                        Call call) {
    if (log_ == nullptr || !log_->on()) return call();
    const uint64_t bytes = tensor.nbytes(), begin_ns = NowNs();
    c10::intrusive_ptr<c10d::Work> work = call();
    work->getFuture()->addCallback([log = log_, kind, bytes, begin_ns](
                                       c10::ivalue::Future&) { log->Add(kind, bytes, begin_ns); },
                                   /*uses_future=*/false);
    return work;
  }

  const int ranks_;
  CollectiveLog* const log_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

void RequireGloo() {}

std::unique_ptr<Collectives> MakeGloo(RankStore& store, const GlooOptions& options) {
  return std::make_unique<Gloo>(store, options);
}
#else
void RequireGloo() {
  throw ConfigError(
      "this program was built without Gloo, so it cannot train with several ranks: install "
      "libgloo-dev (Debian, Ubuntu) and build it again");
}

std::unique_ptr<Collectives> MakeGloo(RankStore&, const GlooOptions&) { return nullptr; }
#endif

}  // namespace flowtrain
