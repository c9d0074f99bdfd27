// Collectives of the host for tensors on a device.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "nodes/distributed/collectives.h"

namespace flowtrain {

// Copies tensors to page-locked host memory on a stream of its own, hands them to `host` in the order
// of the calls when they have arrived there, and copies the results back. Neither the host nor the
// stream that computes waits before the result is asked for.
class ThroughHost final : public Collectives {
 public:
  ThroughHost(std::unique_ptr<Collectives> host, c10::Device device);
  ~ThroughHost() override;

  std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) override;
  at::Tensor Gather(const at::Tensor& tensor) override;

 private:
  class Sum;
  struct OnHost {
    at::Tensor tensor;  // valid once `copied` is reached
    c10::Event copied;
  };

  OnHost CopyToHost(const at::Tensor& tensor);
  // Calls `call` with `host_` and the tensor when it has arrived, after the calls before it.
  template <typename Call>
  auto InTurn(OnHost on_host, Call call);
  void Work();

  const c10::Device device_;
  const c10::Stream copies_;
  std::unique_ptr<Collectives> host_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> turns_;
  bool stop_ = false;
  std::thread worker_;
};

}  // namespace flowtrain
