// Several processes whose time is measured, and which are tuned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/ranks.h"

namespace flowtrain {
namespace {

using testing::Each;
using testing::HasSubstr;

constexpr int kMeasuredWithin = 120;  // seconds

std::vector<std::string> Command(std::vector<std::string> words,
                                 const std::vector<std::string>& sets = {}) {
  words.insert(words.begin() + 1, kGraph);
  for (const char* set :
       {"data.kind=sample", "sample.images=64", "data.image_size=8", "data.batch_size=4",
        "gpu.gradient_accumulation=1", "data.num_workers=1", "threads=1", "model.stem=small",
        "gpu.mixed_precision=false", "device=cpu", "distributed.timeout_s=60"}) {
    words.insert(words.end(), {"--set", set});
  }
  for (const std::string& set : sets) words.insert(words.end(), {"--set", set});
  return words;
}

TEST(RanksTiming, OfAGraphHasARowForEach) {
  RankPrograms programs(2, Command({"timing", "--steps", "4", "--warmup", "1", "--json"}));
  ASSERT_THAT(programs.WaitAtMost(kMeasuredWithin), Each(0)) << programs.Outputs();
  EXPECT_EQ(programs[1].output(), "");
  const std::string output = programs[0].output();
  const auto timing = nlohmann::json::parse(output.substr(output.find("\n{") + 1), nullptr, false);
  ASSERT_TRUE(timing.is_object()) << output;
  ASSERT_EQ(timing["ranks"].size(), 2u);
  for (size_t rank = 0; rank < 2; ++rank) {
    const nlohmann::json& row = timing["ranks"][rank];
    EXPECT_EQ(row["rank"], rank);
    EXPECT_EQ(row["host"], timing["machine"]["host"]);
    EXPECT_GT(row["images_per_s"], 0);
    EXPECT_GT(row["waiting"], 0);
    EXPECT_LT(row["waiting"], 1);
  }
}

// What they find is what they then take.
TEST(RanksTune, SettlesOneSetOfCountsForAll) {
  const TempFolder folder;
  const std::string file = folder / "tuned.yaml";
  RankPrograms programs(2, Command({"tune", "--seconds", "0.05", "--to", file}));
  ASSERT_THAT(programs.WaitAtMost(kMeasuredWithin), Each(0)) << programs.Outputs();
  EXPECT_THAT(programs[0].output(), HasSubstr("of each of 2 ranks, together:"));
  EXPECT_THAT(programs[0].output(), HasSubstr("--tuned " + file));
  EXPECT_EQ(programs[1].output(), "");

  RankPrograms training(2, Command({"train", "--run-dir", folder / "run", "--tuned", file},
                                   {"train.max_steps=1", "evaluate.knn=false"}));
  EXPECT_THAT(training.WaitAtMost(kMeasuredWithin), Each(0)) << training.Outputs();
  EXPECT_THAT(training[0].output(), HasSubstr("set as tuned: " + file));
}

TEST(RanksTune, OtherLimitsAndTheLoaderAloneAreRefused) {
  const TempFolder folder;
  const auto tune = [&](const std::vector<std::string>& more) {
    return Command(With({"tune", "--to", folder / "tuned.yaml"}, more));
  };
  RankPrograms programs({tune({"--max-threads", "2"}), tune({"--max-threads", "1"})});
  const std::vector<int> codes = programs.WaitAtMost(kMeasuredWithin);
  EXPECT_EQ(codes[1], 2) << programs.Outputs();
  EXPECT_NE(codes[0], 0);
  EXPECT_THAT(programs[1].output(), HasSubstr("settings to try: 1 threads at most"));

  const Result alone = RunProgram(tune({"--devices", "2", "--no-device"}));
  EXPECT_EQ(alone.code, 2) << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("--no-device measures the loader of one process"));
}

}  // namespace
}  // namespace flowtrain
