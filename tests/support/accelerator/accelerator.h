// An accelerator in the host's memory, so that tests run the path that a GPU takes on machines
// without one. It is a shared library: programs link it, or have it in LD_PRELOAD, and libtorch
// then has an accelerator named `mtia`. docs/measurements/device.md says what it is good for.
//
// It behaves like a GPU that is hard to please:
// - Its memory cannot be read or written by the host: who tries dies of a signal.
// - Work is queued; each stream runs its own on a thread, later than the host asked, by delays
//   drawn from a seed. New memory, and host memory that a copy will fill, hold NaNs until then.
// - A freed block is at once reused for the stream it was made on, as by CUDA's allocator.
// - It can be told to fail: no memory, no page-locked memory, lost, busy, without a driver.
//
// Operators are computed by libtorch's CPU kernels on one thread, so results are those of a CPU
// with one thread, to the bit.
#pragma once

#include <c10/core/DeviceType.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace flowtrain::accelerator {

inline constexpr c10::DeviceType kType = c10::DeviceType::MTIA;

struct Settings {
  int devices = 2;                          // at most; autograd asks once how many there are
  size_t capacity_bytes = size_t{1} << 30;  // of each device, at most 16 GiB
  double fraction = 1;                      // of it that may be taken
  // What the card itself has, 0: all of the capacity. Beyond it the driver takes the host's memory,
  // as under WSL2: there is no error, and everything takes long.
  size_t card_bytes = 0;
  int spill_us = 500;       // for each piece of work
  uint64_t delay_seed = 0;  // 0: no delays
  int most_delay_us = 200;
};

// What a GPU throws where memory does not suffice.
enum class Shortage {
  kOutOfMemoryError,  // c10::OutOfMemoryError, of the allocator
  kAcceleratorError,  // c10::AcceleratorError "out of memory", of the driver
  kCudnnNoEngine,     // no workspace for any of cuDNN's algorithms
  kCudnnAllocFailed,
  kCublasAllocFailed,
};

// Waits for all work, gives back cached memory and forgets faults, errors and counts. Tensors on
// the device stay valid. Programs that have the library in LD_PRELOAD set it by the environment
// variable FLOWTRAIN_TEST_ACCELERATOR: "devices=2 capacity_bytes=1000000 delay_seed=7", and faults
// by "fail_allocation=N", "fails_forever=1" (from it on), "lost_after=N", "pinned_fails=1" and
// "busy=1"; with "report=1" they say at their end which devices they used.
void Configure(const Settings& settings);

// The `number`-th allocation from now on, counted from 1, fails; with `forever` all that follow do
// too. 0: none does.
void FailAllocation(int64_t number, Shortage shortage = Shortage::kOutOfMemoryError,
                    bool forever = false);
int64_t Allocations();  // since FailAllocation or Configure

void FailPinnedAllocations(bool fail);
void LoseDeviceAfter(int64_t kernels);  // from now on; 0: never
void BeBusy(bool busy);                 // whoever starts to use it gets an error

struct Counts {
  int64_t kernels = 0;  // queued: operators and copies
  // Waits for a stream, an event or the device that was not done: a GPU's driver may spin then.
  int64_t host_waits = 0;
  int64_t pinned_bytes = 0;                // page-locked memory in use
  bool context[2] = {};                    // whether anything was made on device 0, 1
  std::map<std::string, int64_t> waiting;  // operators for whose result the host waited, by name
};
Counts GetCounts();

}  // namespace flowtrain::accelerator
