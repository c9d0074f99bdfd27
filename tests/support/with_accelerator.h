// The program on the accelerator for tests (tests/support/accelerator).
#pragma once

#include <cstdlib>
#include <functional>
#include <string>

namespace flowtrain {

// What makes a Program find it, with these settings.
inline std::function<void()> WithAccelerator(const std::string& settings) {
  return [settings] {
    setenv("LD_PRELOAD", FLOWTRAIN_TEST_ACCELERATOR, 1);
    setenv("FLOWTRAIN_TEST_ACCELERATOR", settings.c_str(), 1);
  };
}

}  // namespace flowtrain
