// The accelerator for tests itself: it must fail where a GPU may.
#include "tests/support/accelerator/accelerator.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nodes/device/out_of_memory.h"

namespace flowtrain {
namespace {

namespace acc = accelerator;
using ::testing::HasSubstr;

const c10::Device kFirst(acc::kType, 0), kSecond(acc::kType, 1);

class Accelerator : public ::testing::Test {
 protected:
  void SetUp() override { acc::Configure({}); }
  void TearDown() override { acc::Configure({}); }

  static at::Tensor Ones(int64_t size) {
    return at::ones({size}, at::TensorOptions().device(kFirst));
  }
  static c10::Stream OtherStream() {
    return c10::impl::VirtualGuardImpl(acc::kType).getStreamFromGlobalPool(kFirst);
  }
  static size_t Reserved() {
    return static_cast<size_t>(
        at::getDeviceAllocator(acc::kType)->getDeviceStats(0).reserved_bytes[0].current);
  }
};

TEST_F(Accelerator, LibtorchFindsIt) {
  EXPECT_EQ(at::accelerator::getAccelerator(), acc::kType);
  EXPECT_EQ(at::accelerator::deviceCount(), 2);
}

using AcceleratorDeathTest = Accelerator;

TEST_F(AcceleratorDeathTest, TheHostCannotTouchItsMemory) {
  const at::Tensor tensor = Ones(4);
  at::accelerator::synchronizeDevice(0);
  auto* data = static_cast<volatile float*>(tensor.data_ptr());
  EXPECT_DEATH(static_cast<void>(data[0]), "");
  EXPECT_DEATH(data[0] = 1, "");
}

TEST_F(Accelerator, ComputesWhatTheHostComputes) {
  at::manual_seed(3);
  const at::Tensor a = at::randn({5, 7}), b = at::randn({7, 3});
  const at::Tensor ours = at::mm(a.to(kFirst), b.to(kFirst)).relu().sum(0);
  EXPECT_TRUE(ours.cpu().equal(at::mm(a, b).relu().sum(0)));
}

TEST_F(Accelerator, WorkComesLateAndInTheOrderOfItsStream) {
  acc::Configure({.delay_seed = 5, .most_delay_us = 2000});
  at::Tensor sum = at::zeros({1}, at::TensorOptions().device(kFirst));
  for (int i = 0; i < 200; ++i) sum.mul_(0.5).add_(1);
  c10::Event done(acc::kType);
  done.record(at::accelerator::getCurrentStream(0));
  EXPECT_FALSE(done.query());
  done.synchronize();
  EXPECT_TRUE(done.query());
  EXPECT_EQ(sum.item<float>(), 2);
}

// A stream that does not wait for another reads what was there before; one that waits does not.
TEST_F(Accelerator, StreamsWaitForEventsAndForNothingElse) {
  int wrong = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    for (const bool waits : {false, true}) {
      acc::Configure({.delay_seed = seed});
      const c10::Stream other = OtherStream(), own = at::accelerator::getCurrentStream(0);
      const at::Tensor made = Ones(8).mul_(2).mul_(3);
      c10::Event event(acc::kType);
      event.record(own);
      at::Tensor seen;
      {
        const c10::StreamGuard on_other(other);
        if (waits) event.block(other);
        seen = made.add(1).cpu();
      }
      const bool right = seen.eq(7).all().item<bool>();
      if (waits) {
        EXPECT_TRUE(right) << seed;
      } else {
        wrong += right ? 0 : 1;
      }
      at::accelerator::synchronizeDevice(0);
    }
  }
  EXPECT_GT(wrong, 10);
}

TEST_F(Accelerator, AFreedBlockIsReusedUnlessAnotherStreamWasRecorded) {
  acc::Configure({.delay_seed = 2, .most_delay_us = 5000});
  for (const bool recorded : {false, true}) {
    at::Tensor first = Ones(1000);
    const void* at_first = first.data_ptr();
    const c10::Stream other = OtherStream();
    {
      const c10::StreamGuard on_other(other);
      at::Tensor work = Ones(10);
      for (int i = 0; i < 100; ++i) work.add_(1);
    }
    if (recorded) first.record_stream(other);
    first = at::Tensor();
    const at::Tensor second = Ones(1000);
    EXPECT_EQ(second.data_ptr() == at_first, !recorded);
    at::accelerator::synchronizeDevice(0);
  }
}

TEST_F(Accelerator, NewMemoryHoldsNaNs) {
  const at::Tensor empty = at::empty({9}, at::TensorOptions().device(kFirst));
  EXPECT_TRUE(empty.isnan().all().item<bool>());
}

TEST_F(Accelerator, CountsItsMemoryAndGivesItBack) {
  const size_t before = Reserved();
  at::Tensor tensor = Ones(1 << 20);
  EXPECT_EQ(Reserved(), before + (size_t{4} << 20));
  tensor = at::Tensor();
  EXPECT_EQ(Reserved(), before + (size_t{4} << 20));
  at::getDeviceAllocator(acc::kType)->emptyCache();
  EXPECT_EQ(Reserved(), before);
}

TEST_F(Accelerator, HasNoMoreThanItsCapacity) {
  acc::Configure({.capacity_bytes = size_t{1} << 20, .fraction = 0.5});
  EXPECT_NO_THROW(Ones(100'000));
  EXPECT_THROW(Ones(200'000), c10::OutOfMemoryError);
  EXPECT_NO_THROW(Ones(130'000));  // after the cached block was given back
}

TEST_F(Accelerator, RunsOutOfMemoryInEveryGuise) {
  for (const auto shortage : {acc::Shortage::kOutOfMemoryError, acc::Shortage::kAcceleratorError,
                              acc::Shortage::kCudnnNoEngine, acc::Shortage::kCudnnAllocFailed,
                              acc::Shortage::kCublasAllocFailed}) {
    acc::FailAllocation(2, shortage);
    EXPECT_NO_THROW(Ones(1));
    try {
      Ones(1);
      ADD_FAILURE() << "memory, where there was none";
    } catch (const std::exception& error) {
      EXPECT_TRUE(IsOutOfMemory(error)) << error.what();
    }
    EXPECT_NO_THROW(Ones(1));
  }
}

TEST_F(Accelerator, OtherErrorsAreNoLackOfMemory) {
  try {
    at::mm(Ones(4).view({2, 2}), Ones(3).view({3, 1}));
    ADD_FAILURE();
  } catch (const std::exception& error) {
    EXPECT_FALSE(IsOutOfMemory(error));
  }
  EXPECT_FALSE(IsOutOfMemory(std::runtime_error("STATUS_ALLOC_FAILED in a file name")));
}

TEST_F(Accelerator, ACopyFromPinnedMemoryReadsItWhenItsTurnComes) {
  acc::Configure({.delay_seed = 4, .most_delay_us = 20'000});
  const at::Tensor pinned = at::ones({4}, at::TensorOptions().pinned_memory(true));
  ASSERT_TRUE(pinned.is_pinned());
  ASSERT_FALSE(at::ones({4}).is_pinned());
  int early = 0;
  for (int i = 0; i < 20; ++i) {
    pinned.fill_(1);
    const at::Tensor copy = pinned.to(kFirst, at::kFloat, /*non_blocking=*/true);
    pinned.fill_(2);  // too early
    if (copy.cpu()[0].item<float>() == 2) ++early;
    at::Tensor pageable = at::ones({4});
    const at::Tensor safe = pageable.to(kFirst, at::kFloat, /*non_blocking=*/true);
    pageable.fill_(2);
    EXPECT_EQ(safe.cpu()[0].item<float>(), 1);
  }
  EXPECT_GT(early, 0);  // how often depends on the threads' turns
}

TEST_F(Accelerator, AHostReadWithoutAWaitSeesNaNs) {
  acc::Configure({.delay_seed = 4, .most_delay_us = 20'000});
  const at::Tensor host = at::zeros({1}, at::TensorOptions().pinned_memory(true));
  int early = 0;
  for (int i = 0; i < 20; ++i) {
    host.copy_(Ones(1), /*non_blocking=*/true);
    if (std::isnan(host.data_ptr<float>()[0])) ++early;
    at::accelerator::synchronizeDevice(0);
    EXPECT_EQ(host.data_ptr<float>()[0], 1);
  }
  EXPECT_GT(early, 5);
}

TEST_F(Accelerator, PinnedMemoryCanBeRefused) {
  acc::FailPinnedAllocations(true);
  EXPECT_THROW(at::empty({4}, at::TensorOptions().pinned_memory(true)), c10::AcceleratorError);
}

TEST_F(Accelerator, ALostDeviceSaysSoWhenTheHostWaits) {
  const at::Tensor tensor = Ones(1);
  at::accelerator::synchronizeDevice(0);
  acc::LoseDeviceAfter(1);
  tensor.add_(1);
  EXPECT_THROW(at::accelerator::synchronizeDevice(0), c10::AcceleratorError);
  EXPECT_THROW(tensor.item<float>(), c10::AcceleratorError);
}

TEST_F(Accelerator, TensorsOfTheHostAreNoArguments) {
  EXPECT_THROW(Ones(3).add(at::ones({3})), c10::Error);
  EXPECT_NO_THROW(Ones(3).add(at::scalar_tensor(1)));
}

TEST_F(Accelerator, NothingIsMadeOnADeviceThatIsNotUsed) {
  const at::Tensor tensor = at::ones({3}, at::TensorOptions().device(kSecond));
  EXPECT_EQ(tensor.add(1).sum().item<float>(), 6);
  EXPECT_FALSE(acc::GetCounts().context[0]);
  EXPECT_TRUE(acc::GetCounts().context[1]);
}

}  // namespace
}  // namespace flowtrain
