#include "nodes/train/host_lead.h"

#include <ATen/DeviceAccelerator.h>

#include "nodes/device/event_wait.h"

namespace flowtrain {

void HostLead::BeginWindow() {
  if (ends_.size() < 2) return;
  WaitFor(ends_.front());
  ends_.pop_front();
}

void HostLead::EndWindow(c10::Device device) {
  if (device.is_cpu()) return;
  ends_.emplace_back(device.type());
  ends_.back().record(at::accelerator::getCurrentStream(device.index()));
}

}  // namespace flowtrain
