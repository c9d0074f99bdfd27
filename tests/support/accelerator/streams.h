// Streams of the accelerator for tests, and events on them.
#pragma once

#include <c10/core/Stream.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace flowtrain::accelerator {

inline constexpr int kDevices = 2, kStreams = 5;  // at most; stream 0 is the default one

struct Event {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t recorded = 0, reached = 0;  // how often
  std::chrono::steady_clock::time_point at;

  void Reach(uint64_t version);
  void Wait(uint64_t version);
  bool Done();  // every record of it was reached
};

// Operators and copies are skipped once a device is lost; marks, and the filling of new memory, must
// be done even then.
enum class Work { kKernel, kCopy, kMark };

// Queues work on the stream. Throws if the device is busy or lost.
void Post(const c10::Stream& stream, Work kind, std::function<void()> work);
// Waits until all that was queued is done. Throws if the device is lost.
void WaitFor(const c10::Stream& stream);
void WaitForDevice(c10::DeviceIndex device);
bool IsIdle(const c10::Stream& stream);
// Queues a mark; the event is reached when the stream has come to it.
void Record(const std::shared_ptr<Event>& event, const c10::Stream& stream);
void Block(const std::shared_ptr<Event>& event, const c10::Stream& stream);
void WaitForEvent(const std::shared_ptr<Event>& event, c10::DeviceIndex device);

c10::Stream CurrentStream(c10::DeviceIndex device);
c10::Stream ExchangeStream(const c10::Stream& stream);
c10::Stream StreamOf(c10::DeviceIndex device, c10::StreamId id);
c10::Stream StreamFromPool(c10::DeviceIndex device);
c10::DeviceIndex CurrentDevice();
void SetDevice(c10::DeviceIndex device);
void RestoreDevice(c10::DeviceIndex device) noexcept;  // makes nothing there, as a guard's end

// Notes that something is made on the device, which costs a GPU's memory. Throws if it is busy.
void NeedContext(c10::DeviceIndex device);

}  // namespace flowtrain::accelerator
