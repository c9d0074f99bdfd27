// What the report's parts are opened with in their tests: real resources under a name, no graph.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "pipeline/node/node.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

class TestContext final : public OpenContext {
 public:
  void Add(const std::string& name, Resource& resource) { resources_[name] = &resource; }

  const std::string& name() const override { return name_; }
  int workers() const override { return 1; }
  const BatchLayout& layout() const override { return layout_; }
  RunControl& run() const override { return run_; }
  uint64_t lane_idle_ns() const override { return 0; }

 private:
  Resource* Find(std::string_view use) const override {
    const auto found = resources_.find(use);
    return found == resources_.end() ? nullptr : found->second;
  }

  std::string name_ = "under_test";
  BatchLayout layout_;
  mutable RunControl run_;
  std::map<std::string, Resource*, std::less<>> resources_;
};

// A component with its defaults, and the options given as text.
template <typename T>
std::unique_ptr<T> MakeWithOptions(const std::map<std::string, std::string>& options) {
  NodeSpec spec;
  T::Declare(spec);
  auto component = std::make_unique<T>();
  spec.SetDefaults(*component);
  for (const OptionSpec& option : spec.options) {
    const auto given = options.find(option.name);
    if (given == options.end()) continue;
    Value value;
    value.kind = Value::Kind::kScalar;
    value.scalar = given->second;
    if (const std::string wrong = option.assign(*component, value); !wrong.empty()) {
      throw std::logic_error(option.name + ": " + wrong);
    }
  }
  return component;
}

// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "flowtrain-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + '/' + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string ReadText(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace flowtrain
