// A model, an optimiser and a device opened without a graph, for tests.
#pragma once

#include <memory>

#include "nodes/device/device.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/optimizer/optimizer.h"
#include "tests/support/components.h"
#include "tests/support/test_context.h"

namespace flowtrain {

// Opened on the CPU, unless told otherwise in FP32, on one thread. The network has an eighth of the
// usual channels: what a window does stays the same, kernel by kernel, and takes a fraction of the
// time.
struct Training {
  explicit Training(Options model_options = {}, const Options& optimizer_options = {},
                    Options device_options = {}) {
    model_options.merge(Options{{"width_multiplier", "0.125"}});
    device_options.merge(Options{{"name", "cpu"}, {"threads", "1"}, {"mixed_precision", "false"}});
    device = Make<Device>(device_options);
    device->Open(context);
    device->OnLaneThread();  // otherwise ATen takes every core, and on a busy machine it spins
    context.resources["device"] = device.get();
    model = Make<SimclrModel>(model_options);
    model->Open(context);
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
