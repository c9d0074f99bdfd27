// What is done with a trained model: the graphs that judge it, export and import of its weights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/trained.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(Trained, KnnByItselfIsWhatTheTrainingFound) {
  const TempFolder folder;
  const Result result = RunProgram(Judge("knn.yaml", folder / "knn", {"data.batch_size=32"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("(small stem)"));
  EXPECT_THAT(result.output, HasSubstr("(k=80, T=0.1; 80 bank images, 20 queries)"));
  EXPECT_EQ(Final(folder / "knn", "knn_top1"), Final(Run(), "knn_top1"));
  const auto in_training = nlohmann::json::parse(ReadText(Run() + "/embedding.json"));
  auto by_itself = nlohmann::json::parse(ReadText(folder / "knn/embedding.json"));
  EXPECT_EQ(in_training["steps"], 2);
  EXPECT_TRUE(by_itself["steps"].is_null());
  EXPECT_EQ(in_training["map"]["points"].size(), 20u);
  EXPECT_EQ(by_itself["neighbours"]["queries"].size(), 10u);
  EXPECT_EQ(by_itself["map"]["pictures"], in_training["map"]["pictures"]);
}

TEST_F(Trained, TheLinearProbeByItselfIsWhatTheTrainingFound) {
  const TempFolder folder;
  const Result result = RunProgram(Judge("linear_probe.yaml", folder / "probe"));
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* key : {"linear_top1", "linear_top5", "learning_rate", "weight_decay"}) {
    EXPECT_EQ(Final(folder / "probe", key), Final(Run(), key)) << key;
  }
  EXPECT_GT(Final(Run(), "linear_top5"), 0);
}

TEST_F(Trained, TheLinearProbeReportsAndDrawsTheConfusion) {
  const TempFolder folder;
  const Result result = RunProgram(
      Judge("linear_probe.yaml", folder / "probe", {"linear.epochs=20", "data.batch_size=30"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("80 images to train on, 20 to judge"));
  EXPECT_THAT(result.output, HasSubstr("disc"));
  const double top1 = Final(folder / "probe", "linear_top1");
  // Two steps teach little, and how little depends on the machine's last bits.
  const double top5 = Final(folder / "probe", "linear_top5");
  EXPECT_GT(top5, 10);
  EXPECT_LE(top1, top5);
  EXPECT_THAT(ReadText(folder / "probe/confusion.png"), StartsWith("\x89PNG\r\n"));
  const auto json = nlohmann::json::parse(ReadText(folder / "probe/confusion.json"));
  EXPECT_EQ(json["classes"][0], "disc");
  int images = 0;
  for (const auto& row : json["counts"]) {
    for (const int count : row) images += count;
  }
  EXPECT_EQ(images, 20);

  ASSERT_EQ(RunProgram(Judge("linear_probe.yaml", folder / "again",
                             {"linear.epochs=20", "data.batch_size=30", "data.num_workers=1"}))
                .code,
            0);
  EXPECT_EQ(Final(folder / "again", "linear_top1"), top1);
  EXPECT_EQ(ReadText(folder / "again/confusion.png"), ReadText(folder / "probe/confusion.png"));
}

TEST_F(Trained, EmbeddingsAreARowAnImageWithItsName) {
  const TempFolder folder;
  const Result result = RunProgram(Judge("embed.yaml", folder / "embed", {"data.batch_size=32"}));
  ASSERT_EQ(result.code, 0) << result.output;
  const std::vector<std::string> lines = ReadLines(folder / "embed/embeddings.csv");
  ASSERT_EQ(lines.size(), 81u);
  EXPECT_EQ(lines[0], "name,label,class");
  EXPECT_EQ(lines[1], "picture 0 (disc),0,disc");
  const std::string matrix = ReadText(folder / "embed/embeddings.npy");
  EXPECT_THAT(matrix.substr(0, 128), HasSubstr("'shape': (80, 64)"));
  ASSERT_EQ(matrix.size(), 128u + 80 * 64 * 4);
  float first = 0;
  std::memcpy(&first, matrix.data() + 128, sizeof first);
  EXPECT_GE(first, 0.0F) << "an average after a ReLU";
  EXPECT_LT(first, 1e3F);
}

TEST_F(Trained, ImagesOfAFolderAreEmbeddedAndUnreadableOnesLeftOut) {
  if (!fs::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  fs::copy(kData + "/clothing_mini/hat", folder / "images");
  for (const auto& entry : fs::directory_iterator(folder / "images")) {
    fs::permissions(entry, fs::perms::owner_all);
  }
  const auto images = static_cast<size_t>(
      std::distance(fs::directory_iterator(folder / "images"), fs::directory_iterator()));
  WriteText(folder / "images/bad,one.jpg", "this is not a picture");
  const Result result = RunProgram(Judge("embed.yaml", folder / "embed",
                                         {"data.kind=folder", "data.root=" + (folder / "images")}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("bad,one.jpg"));
  const std::string list = ReadText(folder / "embed/embeddings.csv");
  EXPECT_EQ(static_cast<size_t>(std::count(list.begin(), list.end(), '\n')), images + 1);
  EXPECT_THAT(list, Not(HasSubstr("bad,one")));
  EXPECT_THAT(ReadText(folder / "embed/embeddings.npy").substr(0, 128),
              HasSubstr("(" + std::to_string(images) + ", 64)"));
}

TEST_F(Trained, AFolderOfClassesIsJudgedWithoutASplit) {
  if (!fs::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  const std::vector<std::string> on_folder = {"data.kind=folder",
                                              "data.root=" + kData + "/clothing_mini"};
  const Result knn = RunProgram(Judge("knn.yaml", folder / "knn", on_folder));
  ASSERT_EQ(knn.code, 0) << knn.output;
  EXPECT_THAT(knn.output, HasSubstr("leave one out"));
  const Result probe = RunProgram(Judge("linear_probe.yaml", folder / "probe", on_folder));
  ASSERT_EQ(probe.code, 0) << probe.output;
  EXPECT_GT(Final(folder / "probe", "linear_top1"), 0);
}

// Photographs keep reduced copies of themselves in a packed file, which the small pictures of other
// tests do not.
TEST_F(Trained, APackedSetOfPhotographsIsJudgedAsTheFolderIs) {
  if (!fs::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  const std::string packed = folder / "photographs.ftpack";
  ASSERT_EQ(RunProgram({"pack", kData + "/clothing_mini", packed}).code, 0);
  const std::vector<std::string> from_file = {"data.kind=packed", "data.root=" + packed};
  const std::vector<std::string> from_folder = {"data.kind=folder",
                                                "data.root=" + kData + "/clothing_mini"};
  for (const char* graph : {"knn.yaml", "linear_probe.yaml", "embed.yaml"}) {
    const std::string run = folder / graph;
    const Result result = RunProgram(Judge(graph, run, from_file));
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_THAT(result.output, Not(HasSubstr("could not be used"))) << graph;
  }
  ASSERT_EQ(RunProgram(Judge("knn.yaml", folder / "folder", from_folder)).code, 0);
  EXPECT_NEAR(Final(folder / "knn.yaml", "knn_top1"), Final(folder / "folder", "knn_top1"), 3)
      << "the same photographs, but for how they are reduced";
  EXPECT_GT(Final(folder / "linear_probe.yaml", "linear_top1"), 0);
  const std::string list = ReadText(folder / "embed.yaml/embeddings.csv");
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 301);
}

TEST_F(Trained, WhatDoesNotFitIsSaid) {
  const TempFolder folder;
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{kRoot + "/graphs/knn.yaml", "--run-dir", folder / "a", "--set", "data.kind=sample"},
       2,
       "set checkpoint ("},
      {{"validate", kRoot + "/graphs/knn.yaml"},
       0,
       "to run it, say what to evaluate: --set checkp"},
      {Judge("knn.yaml", folder / "b", {"checkpoint=" + (folder / "none")}), 2, "there is no '"},
      {Judge("knn.yaml", folder / "c", {"model.backbone=resnet50"}), 2, "of another shape"},
      {Judge("knn.yaml", folder / "d", {"model.stem=standard"}), 2, "model.stem"},
      {Judge("knn.yaml", folder / "e", {"data.kind=stl10", "data.root=" + (folder / "none")}), 2,
       "there is no folder " + (folder / "none")},
  };
  for (const Case& c : cases) {
    const Result result = RunProgram(c.arguments);
    EXPECT_EQ(result.code, c.code) << result.output;
    EXPECT_THAT(result.output, HasSubstr(c.says));
  }
}

TEST_F(Trained, ExportWritesEitherFormatAndKeepsWhatIsThere) {
  const TempFolder folder;
  const std::string weights = folder / "a.safetensors", pickled = folder / "a.pt";
  const Result result = RunProgram({"export", Run(), "--to", weights});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("resnet18 with the small stem (conv1 3x3"));
  EXPECT_THAT(result.output, HasSubstr("its layers have 0.125 times the usual channels"));
  const std::string before = ReadText(weights);
  for (const char* part : {R"("format":"pt")", R"("stem":"small")", R"("layer4.1.bn2.bias":{)"}) {
    EXPECT_THAT(before.substr(0, 20000), HasSubstr(part));
  }
  const std::string checkpoint = Run() + "/checkpoints/step-00000002.safetensors";
  const Result refused = RunProgram({"export", checkpoint, "--to", weights});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.output, HasSubstr("--force"));
  EXPECT_EQ(RunProgram({"export", checkpoint, "--to", weights, "--force"}).code, 0);
  EXPECT_EQ(ReadText(weights), before);
  EXPECT_EQ(RunProgram({"export", Run(), "--to", pickled}).code, 0);
  EXPECT_EQ(RunProgram({"export", Run(), "--to", folder / "a.onnx"}).code, 2);
  EXPECT_EQ(RunProgram({"export", folder.path(), "--to", folder / "b.pt"}).code, 2);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);

  // Weights can be judged too; what a checkpoint says of its run must be said for them.
  const Result judged =
      RunProgram(Judge("knn.yaml", folder / "knn",
                       {"checkpoint=" + weights, "model.stem=small", "data.kind=sample",
                        "sample.images=80", "data.image_size=8"}));
  ASSERT_EQ(judged.code, 0) << judged.output;
  EXPECT_EQ(Final(folder / "knn", "knn_top1"), Final(Run(), "knn_top1"));
}

TEST_F(Trained, ATrainingStartsFromWeights) {
  const TempFolder folder;
  for (const char* name : {"a.safetensors", "a.pt"}) {
    const std::string weights = folder / name, run = folder / (std::string(name) + "-run");
    ASSERT_EQ(RunProgram({"export", Run(), "--to", weights}).code, 0);
    std::vector<std::string> arguments =
        SmallRun(run, {"sample.images=80", "data.image_size=8", "train.max_steps=1",
                       "model.stem=small", "train.seed=42"});
    arguments.insert(arguments.end(), {"--init", weights});
    const Result result = RunProgram(arguments);
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_EQ(Final(run, "knn_top1_start"), Final(Run(), "knn_top1")) << name;
  }
  std::vector<std::string> arguments = SmallRun(folder / "wrong");
  arguments.insert(arguments.end(), {"--init", folder / "a.pt"});
  const Result wrong = RunProgram(arguments);
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.output, HasSubstr("conv1.weight [8, 3, 3, 3] instead of [8, 3, 7, 7]"));
}

// Parameters and batch-norm statistics are the same to the bit, so it draws no number of the run's.
TEST(Evaluation, DuringTrainingDoesNotDisturbIt) {
  const TempFolder folder;
  for (const auto& [name, knn] : {std::pair("with", "true"), std::pair("without", "false")}) {
    const std::string run = folder / name;
    const Result result = RunProgram(SmallRun(
        run, {std::string("evaluate.knn=") + knn, "evaluate.every_epochs=1", "sample.images=16"}));
    ASSERT_EQ(result.code, 0) << result.output;
    ASSERT_EQ(RunProgram({"export", run, "--to", run + ".safetensors"}).code, 0);
  }
  const std::vector<nlohmann::json> metrics = ReadMetrics(folder / "with");
  EXPECT_GE(std::count_if(metrics.begin(), metrics.end(),
                          [](const auto& object) { return object.contains("knn_top1"); }),
            3)
      << "each epoch and the end";
  EXPECT_EQ(Losses(folder / "with"), Losses(folder / "without"));
  EXPECT_EQ(ReadText(folder / "with.safetensors"), ReadText(folder / "without.safetensors"));
}

// What a graph reads and its configuration has are the same, but for figures of another graph.
TEST(EvaluationGraphs, AreValidAndKnowTheirParameters) {
  std::string graphs;
  for (const char* name : {"knn.yaml", "linear_probe.yaml", "embed.yaml"}) {
    const std::string path = kRoot + "/graphs/" + name;
    const Result result = RunProgram({"validate", path});
    EXPECT_EQ(result.code, 0) << result.output;
    graphs += ReadText(path);
  }
  const std::string config = ReadText(kRoot + "/configs/evaluate_config.yaml");
  const std::regex key(R"(\n(  )?([a-z_]+): *([^# \n])?)");
  std::string section;
  int keys = 0;
  for (std::sregex_iterator it(config.begin(), config.end(), key), end; it != end; ++it) {
    const std::string name = (*it)[2];
    if (!(*it)[1].matched) section = name;
    if (!(*it)[3].matched) continue;  // a section's own line
    ++keys;
    const bool by_itself = graphs.find("${" + name + "}") != std::string::npos ||
                           graphs.find("." + name + "}") != std::string::npos;
    // Of a section, validation refuses what nobody takes.
    EXPECT_TRUE(by_itself || graphs.find("${" + section + "}") != std::string::npos) << name;
  }
  EXPECT_GT(keys, 20);
}

}  // namespace
}  // namespace flowtrain
