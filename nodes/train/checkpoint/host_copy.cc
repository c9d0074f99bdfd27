#include "nodes/train/checkpoint/host_copy.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <set>

#include "nodes/device/host_memory.h"

namespace flowtrain {

const NamedTensors& HostCopy::Take(const NamedTensors& tensors) {
  const c10::NoGradGuard no_grad;
  if (copies_.size() != tensors.size()) Allocate(tensors);
  std::set<c10::DeviceIndex> devices;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& from = tensors[i].second;
    copies_[i].second.copy_(from, /*non_blocking=*/true);
    if (!from.is_cpu()) devices.insert(from.device().index());
  }
  for (const c10::DeviceIndex device : devices) at::accelerator::synchronizeDevice(device);
  return copies_;
}

size_t HostCopy::bytes() const {
  size_t bytes = 0;
  for (const auto& [name, copy] : copies_) bytes += copy.nbytes();
  return bytes;
}

void HostCopy::Allocate(const NamedTensors& tensors) {
  copies_.clear();
  for (const auto& [name, tensor] : tensors) {
    copies_.emplace_back(name, tensor.is_cpu()
                                   ? at::empty(tensor.sizes(), tensor.scalar_type())
                                   : PinnedTensor(tensor.sizes(), tensor.scalar_type()));
  }
}

}  // namespace flowtrain
