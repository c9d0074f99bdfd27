#include "nodes/distributed/through_host.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#include "nodes/device/event_wait.h"
#include "nodes/device/host_memory.h"

namespace flowtrain {

class ThroughHost::Sum final : public PendingSum {
 public:
  Sum(at::Tensor tensor, at::Tensor on_host, std::future<std::unique_ptr<PendingSum>> started)
      : tensor_(std::move(tensor)), on_host_(std::move(on_host)), started_(std::move(started)) {}
  // The copy back is queued on the stream that goes on with the sum.
  void Wait() override {
    started_.get()->Wait();
    tensor_.copy_(on_host_, /*non_blocking=*/true);
  }

 private:
  at::Tensor tensor_, on_host_;
  std::future<std::unique_ptr<PendingSum>> started_;
};

ThroughHost::ThroughHost(std::unique_ptr<Collectives> host, c10::Device device)
    : device_(device),
      copies_(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)),
      host_(std::move(host)),
      worker_([this] { Work(); }) {}

ThroughHost::~ThroughHost() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  worker_.join();
}

template <typename Call>
auto ThroughHost::InTurn(OnHost on_host, Call call) {
  using Result = decltype(call(*host_, on_host.tensor));
  auto turn =
      std::make_shared<std::packaged_task<Result()>>([this, call, on_host = std::move(on_host)] {
        WaitFor(on_host.copied);
        return call(*host_, on_host.tensor);
      });
  std::future<Result> result = turn->get_future();
  {
    const std::lock_guard lock(mutex_);
    turns_.emplace_back([turn] { (*turn)(); });
  }
  changed_.notify_one();
  return result;
}

std::unique_ptr<PendingSum> ThroughHost::StartSum(const at::Tensor& tensor) {
  OnHost on_host = CopyToHost(tensor);
  at::Tensor copy = on_host.tensor;
  return std::make_unique<Sum>(tensor, std::move(copy),
                               InTurn(std::move(on_host), [](Collectives& host, const auto& own) {
                                 return host.StartSum(own);
                               }));
}

at::Tensor ThroughHost::Gather(const at::Tensor& tensor) {
  return InTurn(CopyToHost(tensor),
                [](Collectives& host, const at::Tensor& own) { return host.Gather(own); })
      .get()
      .to(device_);
}

ThroughHost::OnHost ThroughHost::CopyToHost(const at::Tensor& tensor) {
  const c10::DeviceGuard on_device(device_);
  c10::Event made(device_.type()), copied(device_.type());
  made.record(at::accelerator::getCurrentStream(device_.index()));
  made.block(copies_);
  at::Tensor host = PinnedTensor(tensor.sizes(), tensor.scalar_type());
  {
    const c10::StreamGuard on_copies(copies_);
    host.copy_(tensor, /*non_blocking=*/true);
  }
  copied.record(copies_);
  return {std::move(host), std::move(copied)};
}

void ThroughHost::Work() {
  for (;;) {
    std::function<void()> turn;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !turns_.empty(); });
      if (stop_) return;
      turn = std::move(turns_.front());
      turns_.pop_front();
    }
    turn();
  }
}

}  // namespace flowtrain
