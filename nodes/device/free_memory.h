// How much memory a device has left, and how much of it something takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "nodes/device/device.h"

namespace flowtrain {

// Bytes that tensors on the device can still take: what the driver or, if that is less, the
// device's limit leaves, and what the allocator holds and does not use. On a CPU, what the system
// and the process's cgroups leave.
uint64_t FreeBytes(const Device& device);

// Bytes that live as long as what `make` returns: its storage and, if it requires a gradient, all
// that was saved for the backward pass. Call it on the thread that `make` computes on. Nothing
// where that cannot be told: on a CPU, while libtorch's profiler watches.
std::optional<uint64_t> BytesKept(const Device& device, const std::function<at::Tensor()>& make);

}  // namespace flowtrain
