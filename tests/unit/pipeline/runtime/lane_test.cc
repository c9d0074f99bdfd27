#include "pipeline/runtime/lane.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace flowtrain {
namespace {

TEST(Lane, RunsJobsInOrderOnOneThread) {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  {
    Lane lane(nullptr);
    for (int i = 0; i < 100; ++i) {
      lane.Post([&, i] {
        order.push_back(i);
        threads.push_back(std::this_thread::get_id());
      });
    }
  }  // finishes what was posted
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(order[static_cast<size_t>(i)], i);
    EXPECT_EQ(threads[static_cast<size_t>(i)], threads[0]);
  }
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST(Lane, CallWaitsAndRethrows) {
  Lane lane(nullptr);
  int value = 0;
  lane.Call([&] { value = 7; });
  EXPECT_EQ(value, 7);
  EXPECT_THROW(lane.Call([] { throw std::runtime_error("lost the device"); }), std::runtime_error);
  lane.Call([&] { value = 8; });  // goes on after an error
  EXPECT_EQ(value, 8);
}

TEST(Lane, SetsItsThreadUpBeforeTheFirstJobAndAfterEachRefresh) {
  std::atomic<int> set_up{0};
  Lane lane([&] { ++set_up; });
  int seen = 0;
  lane.Call([&] { seen = set_up; });
  EXPECT_EQ(seen, 1);
  lane.Call([&] { seen = set_up; });
  EXPECT_EQ(seen, 1);
  lane.Refresh();
  lane.Call([&] { seen = set_up; });
  EXPECT_EQ(seen, 2);
}

TEST(Lane, CountsTheTimeItWaitedForWork) {
  Lane lane(nullptr);
  lane.Call([] {});
  const uint64_t before = lane.idle_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(lane.idle_ns() - before, 5'000'000u);
}

}  // namespace
}  // namespace flowtrain
