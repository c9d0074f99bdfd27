// What the tests of sources share: folders that vanish, option binding, and a context for Open.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/node/node.h"
#include "pipeline/node/run_control.h"

#ifndef FLOWTRAIN_SOURCE_DIR
#define FLOWTRAIN_SOURCE_DIR "."
#endif

namespace flowtrain::testing {

// A new folder that is removed with this object.
class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> number{0};
    path_ = std::filesystem::temp_directory_path() /
            ("flowtrain_test_" + std::to_string(getpid()) + '_' + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ / name; }

  void Write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path path_;
};

// Gives a component its defaults, then the options named.
template <typename T>
void Bind(T& component, const std::map<std::string, std::string>& options) {
  NodeSpec spec;
  T::Declare(spec);
  spec.SetDefaults(component);
  for (const auto& [name, text] : options) {
    bool found = false;
    for (const OptionSpec& option : spec.options) {
      if (option.name != name) continue;
      found = true;
      const std::string wrong = option.assign(component, ReadYaml(text, name));
      if (!wrong.empty()) throw std::runtime_error(name + ' ' + wrong);
    }
    if (!found) throw std::runtime_error("no option " + name);
  }
}

class Context final : public OpenContext {
 public:
  explicit Context(Resource* dataset, int rows = 4, int workers = 2)
      : dataset_(dataset), workers_(workers) {
    layout_.rows = rows;
  }
  const std::string& name() const override { return name_; }
  int workers() const override { return workers_; }
  const BatchLayout& layout() const override { return layout_; }
  RunControl& run() const override { return run_; }
  uint64_t lane_idle_ns() const override { return 0; }

 private:
  Resource* Find(std::string_view use) const override {
    return use == "dataset" ? dataset_ : nullptr;
  }

  Resource* dataset_;
  int workers_;
  std::string name_ = "tested";
  BatchLayout layout_;
  mutable RunControl run_;
};

// What an exception of type E thrown by `call` says; fails the test when there is none.
template <typename E, typename Call>
std::string MessageOf(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  throw std::runtime_error("nothing was thrown");
}

}  // namespace flowtrain::testing
