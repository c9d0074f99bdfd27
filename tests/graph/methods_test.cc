// The graphs of the other methods, which extend that of SimCLR, end to end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

class Method : public testing::TestWithParam<const char*> {
 protected:
  const std::string name_ = GetParam();
  const std::string graph_ = FLOWTRAIN_SOURCE_DIR "/graphs/" + name_ + ".yaml";
};

TEST_P(Method, ItsGraphIsSimclrsWithItsOwnParameters) {
  const Result valid = RunProgram({"validate", graph_});
  EXPECT_EQ(valid.code, 0) << valid.output;
  const Result shown = RunProgram({"inspect", graph_});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.output, HasSubstr("graph " + name_ + ':'));
  EXPECT_THAT(shown.output, testing::ContainsRegex("forward_backward.loss +" + name_ + '\n'));
  const Result other = RunProgram({"inspect", graph_, "--set", "train.loss=nt_xent"});
  EXPECT_THAT(other.output, testing::ContainsRegex("forward_backward.loss +nt_xent\n"));
}

// The rate and the widths are those of a run of seconds.
TEST_P(Method, TheLossFallsOnTheSampleSet) {
  const TempFolder folder;
  std::vector<std::string> arguments =
      SmallRun(folder / "run",
               {"sample.images=160", "train.epochs=4", "train.optimizer=adamw",
                "train.learning_rate=0.001", "train.lr_scaling=none", "model.projection_hidden=64",
                "model.projection_dim=32", "data.batch_size=40", "evaluate.knn=false"});
  arguments[0] = graph_;
  const Result result = RunProgram(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(ReadText(folder / "run/config.yaml"), HasSubstr("loss: " + name_));
  const std::vector<double> losses = Losses(folder / "run");
  ASSERT_EQ(losses.size(), 8u);
  for (const double loss : losses) EXPECT_TRUE(std::isfinite(loss));
  EXPECT_LT((losses[6] + losses[7]) / 2, losses[0]) << testing::PrintToString(losses);
}

// The rate follows the images of a step, and the report has it as it was taken.
TEST_P(Method, TheRateFollowsTheEffectiveBatch) {
  const TempFolder folder;
  std::vector<std::string> arguments =
      SmallRun(folder / "run",
               {"train.max_steps=1", "train.warmup_epochs=0", "train.lr_scaling=linear",
                "train.learning_rate=0.2", "model.projection_hidden=64", "evaluate.knn=false"});
  arguments[0] = graph_;
  const Result result = RunProgram(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  for (const nlohmann::json& object : ReadMetrics(folder / "run")) {
    if (!object.contains("step")) continue;
    EXPECT_NEAR(object["lr"].get<double>(), 0.2 * 8 / 256, 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Method, testing::Values("dcl", "barlow_twins", "vicreg"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Methods, AGraphOfOnesOwnExtendsOneThatShips) {
  const TempFolder folder;
  WriteText(folder / "mine.yaml",
            "extends: " FLOWTRAIN_SOURCE_DIR
            "/graphs/vicreg.yaml\ngraph: mine\n"
            "parameters:\n  train: {vicreg_invariance: 12.5}\n  data: {image_sise: 48}\n");
  const Result wrong = RunProgram({"validate", folder / "mine.yaml"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.output, HasSubstr("mine.yaml:5:10"));
  EXPECT_THAT(wrong.output, HasSubstr("data.image_size"));
  WriteText(folder / "mine.yaml", "extends: " FLOWTRAIN_SOURCE_DIR
                                  "/graphs/vicreg.yaml\ngraph: mine\n"
                                  "parameters:\n  train: {vicreg_invariance: 12.5}\n");
  const Result shown = RunProgram({"inspect", folder / "mine.yaml"});
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("graph mine:"));
  EXPECT_THAT(shown.output, testing::ContainsRegex("vicreg_invariance +12.5\n"));
  EXPECT_THAT(shown.output, testing::ContainsRegex("projection_layers +3\n"));
}

}  // namespace
}  // namespace flowtrain
