// What tests can set, and what is counted: shared by the parts of the accelerator for tests.
#pragma once

#include <mutex>

#include "tests/support/accelerator/accelerator.h"

namespace flowtrain::accelerator {

struct State {
  std::mutex mutex;
  Settings settings;
  Counts counts;
  int64_t allocations = 0, failing_allocation = 0;
  Shortage shortage = Shortage::kOutOfMemoryError;
  bool fails_forever = false, pinned_fails = false, busy = false;
  int64_t kernels_until_lost = 0;  // 0: never
};
State& TheState();

// Parts of Configure.
void ClearErrors();
void EmptyPinned();

}  // namespace flowtrain::accelerator
