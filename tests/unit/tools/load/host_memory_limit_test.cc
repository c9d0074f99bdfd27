#include "tools/load/host_memory_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr uint64_t kMib = 1 << 20;

TEST(HostMemory, ThatIsThereIsNoReasonToWarn) {
  EXPECT_EQ(HostMemoryWarning({3, 300 * kMib, 200 * kMib}, {500 * kMib, "", 0}), "");
}

TEST(HostMemory, WarnsOfWhatTheRunTakesAndNamesTheCgroupThatHasLess) {
  EXPECT_THAT(
      HostMemoryWarning({3, 300 * kMib, 200 * kMib},
                        {499 * kMib, "/sys/fs/cgroup/box", 512 * kMib}),
      AllOf(HasSubstr("300 MiB for 3 batch buffers and 200 MiB for the cache of decoded images"),
            HasSubstr("499 MiB of memory are available"),
            HasSubstr("(the memory cgroup /sys/fs/cgroup/box allows 512 MiB)"),
            HasSubstr("lower data.batch_slots, data.batch_size or data.cache_budget")));
  EXPECT_THAT(
      HostMemoryWarning({3, 300 * kMib, 0}, {200 * kMib, "", 0}),
      AllOf(Not(HasSubstr("cache")), HasSubstr("lower data.batch_slots or data.batch_size")));
}

}  // namespace
}  // namespace flowtrain
