// How far the host runs ahead of a device.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <deque>

namespace flowtrain {

// At most two windows: enough to keep a GPU busy, and a bound on its memory. A CPU computes a window
// before the call returns.
class HostLead {
 public:
  // Waits until the window before the last one is computed.
  void BeginWindow();
  // All of the window is queued on the device's current stream.
  void EndWindow(c10::Device device);
  void Clear() noexcept { ends_.clear(); }

 private:
  std::deque<c10::Event> ends_;  // of windows that may still be under way
};

}  // namespace flowtrain
