// A model, an optimiser and a device opened without a graph, for tests.
#pragma once

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "nodes/device/device.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/optimizer/optimizer.h"
#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {

// Divides the widths of all layers. What a window does stays the same, kernel by kernel, and takes
// a fraction of the time.
inline void Narrow(SimclrModel& model, int64_t by) {
  const c10::NoGradGuard no_grad;
  const auto narrow = [by](at::Tensor& tensor) {
    at::Tensor part = tensor.detach();
    for (int64_t dim = 0; dim < std::min<int64_t>(2, tensor.dim()); ++dim) {
      if (part.size(dim) % by == 0) part = part.narrow(dim, 0, part.size(dim) / by);
    }
    tensor.set_data(part.clone(part.suggest_memory_format()));
  };
  for (at::Tensor& tensor : model.module().parameters()) narrow(tensor);
  for (at::Tensor& tensor : model.module().buffers()) narrow(tensor);
}

// Opened on the CPU, unless told otherwise in FP32, on one thread.
struct Training {
  explicit Training(const Options& model_options = {}, const Options& optimizer_options = {},
                    Options device_options = {}, int64_t narrower = 1) {
    device_options.merge(Options{{"name", "cpu"}, {"threads", "1"}, {"mixed_precision", "false"}});
    device = Make<Device>(device_options);
    device->Open(context);
    device->OnLaneThread();  // otherwise ATen takes every core, and on a busy machine it spins
    context.resources["device"] = device.get();
    model = Make<SimclrModel>(model_options);
    model->Open(context);
    if (narrower > 1) Narrow(*model, narrower);
    context.resources["model"] = model.get();
    optimizer = Make<Optimizer>(optimizer_options);
    optimizer->Open(context);
    context.resources["optimizer"] = optimizer.get();
  }

  TestContext context;
  std::unique_ptr<Device> device;
  std::unique_ptr<SimclrModel> model;
  std::unique_ptr<Optimizer> optimizer;
};

}  // namespace flowtrain
