#include "pipeline/runtime/pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "pipeline/node/packet.h"

namespace flowtrain {
namespace {

TEST(Pool, GivesEachSlotOnceAndNothingWhenEmpty) {
  Pool<Step> pool("step slots");
  for (int i = 0; i < 3; ++i) pool.Add(std::make_unique<Step>());
  std::set<Step*> taken;
  for (int i = 0; i < 3; ++i) taken.insert(pool.TryAcquire());
  EXPECT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken.count(nullptr), 0u);
  EXPECT_EQ(pool.TryAcquire(), nullptr);
  EXPECT_FALSE(pool.whole());
  for (Step* step : taken) pool.Release(step);
  EXPECT_TRUE(pool.whole());
}

TEST(Pool, RefusesASlotThatComesHomeTwice) {
  Pool<Step> pool("step slots");
  pool.Add(std::make_unique<Step>());
  Step* step = pool.TryAcquire();
  pool.Release(step);
  EXPECT_THROW(pool.Release(step), std::logic_error);
}

TEST(Pool, CountsTheTimeInWhichItWasEmpty) {
  Pool<Step> pool("step slots");
  pool.Add(std::make_unique<Step>());
  Step* step = pool.TryAcquire();
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_GE(pool.counters().empty_ns, 3'000'000u);
  pool.Release(step);
  const uint64_t after = pool.counters().empty_ns;
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_EQ(pool.counters().empty_ns, after);
}

TEST(Pool, StaysWholeUnderManyThreads) {
  Pool<Step> pool("step slots");
  for (int i = 0; i < 4; ++i) pool.Add(std::make_unique<Step>());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        if (Step* step = pool.TryAcquire()) pool.Release(step);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(pool.whole());
  EXPECT_EQ(pool.counters().slots, 4u);
}

}  // namespace
}  // namespace flowtrain
