// A model, an optimiser and a device opened without a graph, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "nodes/device/device.h"
#include "nodes/train/model/simclr_model.h"
#include "nodes/train/optimizer/optimizer.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

// Answers what Open asks.
class TestContext final : public OpenContext {
 public:
  const std::string& name() const override { return name_; }
  int workers() const override { return 1; }
  const BatchLayout& layout() const override { return batch; }
  RunControl& run() const override { return control; }
  uint64_t lane_idle_ns() const override { return idle_ns; }

  std::map<std::string, Resource*, std::less<>> resources;
  BatchLayout batch;
  mutable RunControl control;
  uint64_t idle_ns = 0;

 private:
  Resource* Find(std::string_view use) const override {
    const auto found = resources.find(use);
    return found == resources.end() ? nullptr : found->second;
  }
  std::string name_ = "test";
};

using Options = std::map<std::string, std::string>;  // by name: YAML

// Makes a registered component with `options`, the defaults for the rest.
template <typename T>
std::unique_ptr<T> Make(const std::string& type, const Options& options) {
  const Registry::Type& registered = *Registry::Global().Find(type);
  std::unique_ptr<Component> component = registered.make();
  registered.spec.SetDefaults(*component);
  for (const auto& [name, yaml] : options) {
    bool found = false;
    for (const OptionSpec& option : registered.spec.options) {
      if (option.name != name) continue;
      EXPECT_EQ(option.assign(*component, ReadYaml(yaml, "test")), "");
      found = true;
    }
    EXPECT_TRUE(found) << type << " has no option " << name;
  }
  return std::unique_ptr<T>(dynamic_cast<T*>(component.release()));
}

// Opened on the CPU, unless told otherwise in FP32, on one thread.
struct Training {
  explicit Training(const Options& model_options = {}, const Options& optimizer_options = {},
                    Options device_options = {}) {
    device_options.merge(Options{{"name", "cpu"}, {"threads", "1"}, {"mixed_precision", "false"}});
    device = Make<Device>("Device", device_options);
    device->Open(context);
    device->OnLaneThread();  // else ATen takes every core, and a busy machine makes it spin
    context.resources["device"] = device.get();
    model = Make<SimclrModel>("SimclrModel", model_options);
    model->Open(context);
    context.resources["model"] = model.get();
    optimizer = Make<Optimizer>("Optimizer", optimizer_options);
    optimizer->Open(context);
    context.resources["optimizer"] = optimizer.get();
  }

  TestContext context;
  std::unique_ptr<Device> device;
  std::unique_ptr<SimclrModel> model;
  std::unique_ptr<Optimizer> optimizer;
};

}  // namespace flowtrain
