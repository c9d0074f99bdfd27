// What a component under test is opened with: real resources under their names, no graph.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/node/node.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

class TestContext final : public OpenContext {
 public:
  using Resources = std::map<std::string, Resource*, std::less<>>;

  explicit TestContext(Resources given = {}, BatchLayout batches = {})
      : resources(std::move(given)), batch(batches) {}

  const std::string& name() const override { return name_; }
  int workers() const override { return 2; }
  const BatchLayout& layout() const override { return batch; }
  RunControl& run() const override { return control; }
  uint64_t lane_idle_ns() const override { return idle_ns; }

  Resources resources;
  BatchLayout batch;
  mutable RunControl control;
  uint64_t idle_ns = 0;

 private:
  Resource* Find(std::string_view use) const override {
    const auto found = resources.find(use);
    return found == resources.end() ? nullptr : found->second;
  }
  std::string name_ = "under_test";
};

}  // namespace flowtrain
