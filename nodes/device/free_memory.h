// How much memory a device has left, and how much of it something takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>

#include "nodes/device/device.h"

namespace flowtrain {

// Bytes that tensors on the device can still take: what the driver or, if that is less, the
// device's limit leaves, and what the allocator holds and does not use. On a CPU, what the system,
// the process's cgroups and its limit on addresses (ulimit -v) leave.
uint64_t FreeBytes(const Device& device);

// Bytes that live as long as what `make` returns: its storage and, if it requires a gradient, all
// that was saved for the backward pass. Call it on the thread that `make` computes on. Nothing
// where that cannot be told: on a CPU, while libtorch's profiler watches.
std::optional<uint64_t> BytesKept(const Device& device, const std::function<at::Tensor()>& make);

// Whether an error says that the host has too little memory: of libtorch's allocator for CPUs, of
// oneDNN, which says only that it has no primitive, or of the standard library.
bool IsOutOfHostMemory(const std::exception& error);

}  // namespace flowtrain
