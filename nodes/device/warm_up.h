// What a device needs before its first window.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace flowtrain {

// A tiny convolution and matrix product, forward and backward, so that the vendor's libraries make
// their handles and workspaces while there is memory for them: they take it beside libtorch's
// allocator, and fail in the middle of a window where that has left none. Call it on the device
// lane. If there is too little memory even for that, the first window will say so.
void WarmUp(c10::Device device, c10::ScalarType compute_type);

}  // namespace flowtrain
