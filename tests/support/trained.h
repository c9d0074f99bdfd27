// A network that has been trained, for tests that judge it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {

// A run of two steps that all tests judge: 80 pictures of the sample set, 20 more to ask about.
class Trained : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    const Result result =
        RunProgram(SmallRun(Run(), {"sample.images=80", "data.image_size=8", "train.max_steps=2",
                                    "model.stem=small", "evaluate.probe=true"}));
    ASSERT_EQ(result.code, 0) << result.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Run() { return *folder_ / "trained"; }

  static std::vector<std::string> Judge(const std::string& graph, const std::string& run_dir,
                                        const std::vector<std::string>& extra = {}) {
    std::vector<std::string> arguments = {kRoot + "/graphs/" + graph, "--run-dir", run_dir};
    for (const std::string& set : {std::string("device=cpu"), std::string("threads=1"),
                                   std::string("data.num_workers=2"), "checkpoint=" + Run()}) {
      arguments.insert(arguments.end(), {"--set", set});
    }
    for (const std::string& set : extra) arguments.insert(arguments.end(), {"--set", set});
    return arguments;
  }
  static double Final(const std::string& run_dir, const std::string& key) {
    for (const nlohmann::json& object : ReadMetrics(run_dir)) {
      if (object.contains("final")) return object.at(key);
    }
    ADD_FAILURE() << "no final figure in " << run_dir;
    return -1;
  }

  inline static TempFolder* folder_ = nullptr;
};

}  // namespace flowtrain
