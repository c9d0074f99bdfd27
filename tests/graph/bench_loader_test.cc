// `flowtrain bench loader`, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

std::vector<std::string> BenchLoader(const std::vector<std::string>& extra,
                                     const std::string& graph = kGraph) {
  std::vector<std::string> arguments = {"bench", "loader", graph};
  for (const char* set : {"data.kind=sample", "sample.images=80", "data.image_size=32",
                          "data.batch_size=8", "data.num_workers=1"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return arguments;
}

// What the program writes to standard output alone.
std::string StandardOutput(const std::vector<std::string>& arguments) {
  std::string command = "'" FLOWTRAIN_BINARY "'";
  for (const std::string& argument : arguments) command += " '" + argument + '\'';
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (const size_t read = fread(part.data(), 1, part.size(), pipe)) {
    output.append(part.data(), read);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

TEST(BenchLoader, PrintsOneJsonObject) {
  const std::string output = StandardOutput(BenchLoader(
      {"--seconds", "0.3", "--warm-up", "0.1", "--repeats", "2", "--device-rate", "50", "--json"}));
  const auto json = nlohmann::json::parse(output);
  EXPECT_GT(json["views_per_s"], 0.0);
  EXPECT_EQ(json["workers"], 1);
  EXPECT_GE(json["cores"], 1);
  EXPECT_EQ(json["view_size"], 32);
  EXPECT_EQ(json["repeats"], 2);
  EXPECT_THAT(json["dataset"].get<std::string>(), HasSubstr("sample"));
  for (const char* node : {"source", "decode", "augment", "stage"}) {
    EXPECT_TRUE(json["nodes"].contains(node)) << output;
  }
  EXPECT_LT(json["engine_share"], 1.0);
  EXPECT_GT(json["device_busy"], 0.0);
  EXPECT_LE(json["device_busy"], 1.0);
}

// Of a graph whose batches a Python program takes.
TEST(BenchLoader, CountsAllViewsOfSeveralSizes) {
  const auto json = nlohmann::json::parse(StandardOutput(
      BenchLoader({"--seconds", "0.3", "--warm-up", "0.1", "--repeats", "1", "--skip-engine",
                   "--json", "--set", "loader.values=float32", "--set",
                   "augment.views=[{count: 2, size: 32}, {count: 6, size: 16, blur: 0}]"},
                  kRoot + "/graphs/loader.yaml")));
  EXPECT_GT(json["images_per_s"], 0.0);
  EXPECT_DOUBLE_EQ(json["views_per_s"], 8 * json["images_per_s"].get<double>());
  EXPECT_TRUE(json["view_size"].is_null());
  EXPECT_EQ(json["view_sizes"], nlohmann::json({32, 32, 16, 16, 16, 16, 16, 16}));
  for (const char* node : {"source", "decode", "augment", "normalize", "lend"}) {
    EXPECT_TRUE(json["nodes"].contains(node)) << json;
  }
}

TEST(BenchLoader, PrintsATable) {
  const Result result = RunProgram(
      BenchLoader({"--seconds", "0.2", "--warm-up", "0", "--repeats", "1", "--skip-engine"}));
  EXPECT_EQ(result.code, 0) << result.output;
  for (const char* part : {"views/s", "augment", "us a view", "32 x 32 pixels"}) {
    EXPECT_THAT(result.output, HasSubstr(part));
  }
}

TEST(BenchLoader, ASignalEndsIt) {
  Program program(BenchLoader({"--seconds", "600"}));
  ASSERT_TRUE(program.WaitFor("measuring the loader")) << program.output();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
}

TEST(BenchLoader, BadUsageIsTold) {
  EXPECT_EQ(RunProgram({"bench"}).code, 2);
  EXPECT_EQ(RunProgram({"bench", "loader"}).code, 2);
  EXPECT_EQ(RunProgram({"bench", "loader", "there/is/none.yaml"}).code, 2);
  EXPECT_EQ(RunProgram(BenchLoader({"--seconds", "-1"})).code, 2);
  EXPECT_EQ(RunProgram(BenchLoader({"--device-rate", "0"})).code, 2);
  const Result unknown = RunProgram(BenchLoader({"--set", "data.num_worker=2"}));
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("data.num_workers"));
}

}  // namespace
}  // namespace flowtrain
