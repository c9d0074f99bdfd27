#include "nodes/device/warm_up.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/GradMode.h>

#include <exception>

#include "nodes/device/autocast.h"

namespace flowtrain {
namespace {

// The backward pass runs on a thread of autograd's own, which has its own handles.
void PassThrough(c10::Device device, c10::ScalarType compute_type) {
  const c10::AutoGradMode with_gradients(true);
  const Autocast autocast(device.type(), compute_type);
  constexpr int64_t kImages = 2, kChannels = 8, kSide = 8;
  const auto ones = [&](at::IntArrayRef sizes) {
    return at::ones(sizes, at::TensorOptions().device(device)).requires_grad_();
  };
  const at::Tensor features =
      at::conv2d(ones({kImages, kChannels, kSide, kSide}), ones({kChannels, kChannels, 3, 3}));
  at::linear(features.mean({2, 3}), ones({kChannels, kChannels})).sum().backward();
}

}  // namespace

void WarmUp(c10::Device device, c10::ScalarType compute_type) {
  try {
    PassThrough(device, compute_type);
    at::accelerator::synchronizeDevice(device.index());
    c10::DeviceAllocator& allocator = *at::getDeviceAllocator(device.type());
    allocator.emptyCache();
    allocator.resetPeakStats(device.index());
  } catch (const std::exception&) {
    // What fails here, on a device that is lost for example, fails again in the run, which says so.
  }
}

}  // namespace flowtrain
