// Memory of the accelerator for tests, and page-locked memory for it.
#pragma once

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Stream.h>

namespace flowtrain::accelerator {

c10::DeviceAllocator& DeviceMemory();
c10::Allocator& PinnedMemory();

// Where the host finds what a tensor's address on the device stands for. For kernels only.
void* Shadow(const void* device_address);
c10::DeviceIndex DeviceOf(const void* device_address);  // -1: of no device

// By how much work takes longer, since the device holds more than its card has; otherwise 0.
int SpillDelayUs(c10::DeviceIndex device);

bool IsPinned(const void* host_address);
// A copy from or to page-locked memory was queued there: it may not be reused before.
void NotePinnedUse(const void* host_address, const c10::Stream& stream);

}  // namespace flowtrain::accelerator
