// Gradients of a device that are added up on the host: what must be waited for, under many seeds of
// delays, and what must not.

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>  // of which a RankGroup has one
#include <utility>
#include <vector>

#include "mutants/without_copied_wait.h"
#include "mutants/without_early_sums.h"
#include "mutants/without_made_block.h"
#include "nodes/distributed/gradient_sum.h"
#include "nodes/distributed/rank_group.h"
#include "nodes/distributed/through_host.h"
#include "tests/support/accelerator/accelerator.h"
#include "tests/support/lane_nodes.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;

constexpr uint64_t kDelays = 200;  // seeds

// Two ranks that have the same tensors.
class Doubling final : public Collectives {
 public:
  class Sum final : public PendingSum {
   public:
    explicit Sum(at::Tensor tensor) : tensor_(std::move(tensor)) {}
    void Wait() override { tensor_.mul_(2); }

   private:
    at::Tensor tensor_;
  };
  std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) override {
    EXPECT_TRUE(tensor.is_cpu());
    return std::make_unique<Sum>(tensor.mul_(1));  // reads it now, as a transport does
  }
  at::Tensor Gather(const at::Tensor& tensor) override { return at::stack({tensor, tensor}); }
};

class DeviceCollectives : public ::testing::Test {
 protected:
  void SetUp() override {
    device_ = Make<Device>({{"name", "mtia:0"}, {"mixed_precision", "false"}});
    device_->Open(context_);
    device_->OnLaneThread();
  }
  void TearDown() override { acc::Configure({}); }

  // Sums of four tensors, and a gather, while the device is behind.
  template <typename Through>
  bool IsRight(uint64_t seed) {
    acc::Configure({.delay_seed = seed});
    Through through(std::make_unique<Doubling>(), device_->device());
    const auto options = at::TensorOptions().dtype(at::kFloat).device(device_->device());
    std::vector<at::Tensor> tensors;
    std::vector<std::unique_ptr<PendingSum>> sums;
    for (int i = 0; i < 4; ++i) {
      tensors.push_back(at::zeros({1000}, options).add(i + 1).mul(3));
      sums.push_back(through.StartSum(tensors.back()));
    }
    const at::Tensor gathered = through.Gather(at::zeros({2}, options).add(7));
    bool right = gathered.cpu().eq(7).all().template item<bool>();
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i]->Wait();
      const at::Tensor used = tensors[i].mul(1);  // as an optimiser's first kernel
      const auto expected = static_cast<float>(6 * (i + 1));
      right = right && used.cpu().eq(expected).all().template item<bool>();
    }
    return right;
  }
  template <typename Through>
  uint64_t FirstWrongSeed() {
    for (uint64_t seed = 1; seed <= kDelays; ++seed) {
      if (IsRight<Through>(seed)) continue;
      std::printf("[          ] wrong under seed %d\n", static_cast<int>(seed));
      return seed;
    }
    return 0;
  }

  TestContext context_;
  std::unique_ptr<Device> device_;
};

TEST_F(DeviceCollectives, SumsAreRightWhateverTheDelays) {
  EXPECT_EQ(FirstWrongSeed<ThroughHost>(), 0u);
}

TEST_F(DeviceCollectives, TheCopyMustWaitForTheGradients) {
  EXPECT_GT(FirstWrongSeed<without_made_block::ThroughHost>(), 0u);
}

TEST_F(DeviceCollectives, TheTransportMustWaitForTheCopy) {
  EXPECT_GT(FirstWrongSeed<without_copied_wait::ThroughHost>(), 0u);
}

// The first sum begins while the device still works on what was queued after it, and the host has
// waited for neither.
TEST_F(DeviceCollectives, ASumIsUnderWayWhileTheDeviceComputes) {
  struct Watching final : Collectives {
    std::promise<void> begun;
    std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) override {
      begun.set_value();
      return std::make_unique<Doubling::Sum>(tensor);
    }
    at::Tensor Gather(const at::Tensor& tensor) override { return tensor; }
  };
  acc::Configure({.delay_seed = 3, .most_delay_us = 2000});
  auto watching = std::make_unique<Watching>();
  std::future<void> begun = watching->begun.get_future();
  ThroughHost through(std::move(watching), device_->device());
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device_->device());
  const at::Tensor first = at::zeros({1000}, options).add(1);
  const int64_t waits = acc::GetCounts().host_waits;
  const auto sum = through.StartSum(first);
  at::Tensor rest = at::zeros({1000}, options);
  for (int i = 0; i < 500; ++i) rest = rest.add(1);
  c10::Event computed(device_->device().type());
  computed.record(at::accelerator::getCurrentStream(device_->device().index()));
  EXPECT_EQ(acc::GetCounts().host_waits, waits);
  ASSERT_EQ(begun.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_FALSE(computed.query()) << "the sum has begun only after the computation";
  sum->Wait();
  EXPECT_TRUE(first.cpu().eq(2).all().item<bool>());
}

// Whether a sum is on its way before the device has done the backward pass: layers one behind the
// other, each with a bucket of its own.
template <typename Sum>
size_t SumsBesideTheBackwardPass(Device& device, RankGroup& ranks, uint64_t seed) {
  constexpr int kLayers = 8;
  acc::Configure({.delay_seed = seed, .most_delay_us = 2000});
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device.device());
  std::vector<at::Tensor> layers;
  for (int i = 0; i < kLayers; ++i) {
    layers.push_back(at::ones({8, 8}, options).requires_grad_());
  }
  Sum sum(ranks, layers, /*bucket_bytes=*/1);
  at::Tensor out = at::ones({8, 8}, options);
  for (const at::Tensor& layer : layers) out = out.mm(layer).mul(0.125);
  const at::Tensor loss = out.sum();
  sum.Begin(std::vector<at::Tensor>(kLayers));
  const uint64_t begin_ns = NowNs();
  loss.backward();
  c10::Event computed(device.device().type());
  computed.record(at::accelerator::getCurrentStream(device.device().index()));
  while (!computed.query()) std::this_thread::yield();
  const uint64_t computed_ns = NowNs();
  sum.Finish();
  EXPECT_TRUE(layers[0].grad().cpu().eq(1).all().template item<bool>()) << "seed " << seed;
  size_t beside = 0;
  for (const CollectiveSpan& span : ranks.log().Spans()) {
    const bool is_sum = span.kind == CollectiveSpan::Kind::kSum;
    if (is_sum && span.begin_ns > begin_ns && span.begin_ns < computed_ns) ++beside;
  }
  return beside;
}

TEST_F(DeviceCollectives, SumsAreUnderWayBesideTheBackwardPass) {
  context_.resources["device"] = device_.get();
  const auto ranks = Make<RankGroup>({{"backend", "gloo"}});
  ranks->Open(context_);
  ranks->log().Begin();
  // Of a machine that has much to do a sum may end before the next kernel begins, but not each time.
  size_t most = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    most = std::max<size_t>(most, SumsBesideTheBackwardPass<GradientSum>(*device_, *ranks, seed));
    EXPECT_EQ(SumsBesideTheBackwardPass<without_early_sums::GradientSum>(*device_, *ranks, seed),
              0u)
        << seed;
  }
  EXPECT_GE(most, 2u);
}

// Windows over a group of one rank, each under other delays: the losses of a CPU without a group.
TEST_F(DeviceCollectives, WindowsOverAGroupHaveTheLossesOfACpuWithoutOne) {
  LaneNodes::Settings settings{.window = 2,
                               .rows = 2,
                               .side = 8,
                               .optimizer = {{"learning_rate", "0.01"}, {"warmup_epochs", "0"}},
                               .device = {{"name", "cpu"}}};
  LaneNodes on_cpu(settings);
  context_.resources["device"] = device_.get();
  const auto ranks = Make<RankGroup>({{"backend", "gloo"}});
  ranks->Open(context_);
  settings.device = {{"name", "mtia:0"}};
  settings.ranks = ranks.get();
  LaneNodes ours(settings);
  const auto loss_of_step = [](LaneNodes& nodes) {
    nodes.RunStep();
    nodes.payload().record->Fetch(/*wait=*/true);
    return nodes.payload().record->loss;
  };
  for (uint64_t seed = 1; seed <= kDelays; ++seed) {
    acc::Configure({.delay_seed = seed, .most_delay_us = 50});
    ASSERT_EQ(loss_of_step(ours), loss_of_step(on_cpu)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace flowtrain
