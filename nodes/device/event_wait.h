// Waiting for a device.
#pragma once

#include <c10/core/Event.h>

namespace flowtrain {

// Waits until the device has reached the event. c10::Event::synchronize may keep a core busy all that
// time, which the loader can use; this asks now and then, at most half a millisecond too late.
// Throws what the device has to say.
void WaitFor(const c10::Event& event);

}  // namespace flowtrain
