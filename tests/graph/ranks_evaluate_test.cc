// Several processes that judge one network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/ranks.h"
#include "tests/support/trained.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::HasSubstr;

constexpr int kJudgedWithin = 120;  // seconds

// To the last byte: each batch is the same one, on whichever rank. Of a single batch the first of two
// ranks has none, and it is the one that judges.
TEST_F(Trained, TwoRanksFindWhatOneFinds) {
  const TempFolder folder;
  struct Case {
    const char *graph, *batch_size;
    std::vector<std::string> files;
    bool idle;
  };
  for (const auto& [graph, batch_size, files, idle] :
       {Case{"linear_probe.yaml", "100", {"metrics.jsonl", "confusion.png"}, true},
        Case{"embed.yaml", "7", {"embeddings.npy", "embeddings.csv"}, false}}) {
    const std::string one = folder / graph, two = one + "-by-two";
    const std::vector<std::string> sets = {"data.batch_size=" + std::string(batch_size),
                                           "linear.epochs=5"};
    const Result alone = RunProgram(Judge(graph, one, sets));
    ASSERT_EQ(alone.code, 0) << alone.output;
    RankPrograms programs(2, Judge(graph, two, sets));
    ASSERT_THAT(programs.WaitAtMost(kJudgedWithin), Each(0)) << programs.Outputs();
    for (const std::string& file : files) {
      EXPECT_EQ(ReadText(two + '/' + file), ReadText(one + '/' + file)) << graph << ' ' << file;
    }
    EXPECT_EQ(programs[1].output(), "");
    EXPECT_EQ(programs[0].output().find("some of which have nothing to do") != std::string::npos,
              idle);
  }
}

TEST_F(Trained, RanksListTheBadImagesOfAll) {
  const TempFolder folder;
  fs::create_directory(folder / "images");
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"})
    WriteText(folder / ("images/" + std::string(name)), "none");
  const std::vector<std::string> sets = {"data.kind=folder", "data.root=" + (folder / "images"),
                                         "data.batch_size=1"};
  RankPrograms programs(2, Judge("embed.yaml", folder / "embed", sets));
  EXPECT_THAT(programs.WaitAtMost(kJudgedWithin), Each(1)) << programs.Outputs();
  EXPECT_THAT(programs[0].output(), HasSubstr("none of the 3 images can be used"));
  EXPECT_EQ(ReadLines(folder / "embed/bad_images.csv").size(), 4u);
}

// Of an evaluation that would take hours.
TEST_F(Trained, WhatEndsOneRankEndsAll) {
  const TempFolder folder;
  const auto start = [&](const std::string& run) {
    RankPrograms programs(
        2, Judge("knn.yaml", folder / run,
                 {"sample.images=2000000", "data.batch_size=16", "distributed.timeout_s=5"}));
    EXPECT_TRUE(programs[0].WaitFor("which share the batches")) << programs.Outputs();
    usleep(300'000);  // until the run has begun
    return programs;
  };
  RankPrograms asked = start("asked");
  asked[0].Signal(SIGTERM);
  EXPECT_THAT(asked.WaitAtMost(kJudgedWithin), Each(130)) << asked.Outputs();
  EXPECT_THAT(asked[0].output(), HasSubstr("there is no result"));

  RankPrograms lost = start("lost");
  lost[1].Signal(SIGKILL);
  EXPECT_EQ(lost.WaitAtMost(kJudgedWithin)[0], 1) << lost.Outputs();
  EXPECT_THAT(lost[0].output(), HasSubstr("rank 1 has ended or been stopped"));
}

TEST_F(Trained, RanksThatCannotShareAreRefused) {
  const TempFolder folder;
  const std::string weights = folder / "a.safetensors", others = folder / "b.safetensors";
  ASSERT_EQ(RunProgram({"export", Run(), "--to", weights}).code, 0);
  std::string bytes = ReadText(weights);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  WriteText(others, bytes);
  const auto judge = [&](const std::string& checkpoint) {
    return Judge("knn.yaml", folder / "knn",
                 {"checkpoint=" + checkpoint, "model.stem=small", "data.kind=sample",
                  "sample.images=80", "data.image_size=8"});
  };
  RankPrograms programs({judge(weights), judge(others)});
  EXPECT_EQ(programs.WaitAtMost(kJudgedWithin)[1], 2) << programs.Outputs();
  EXPECT_THAT(programs[1].output(), HasSubstr("would not do the same as rank 0: it has weights"));

  // The same graph, in which nobody uses what connects the ranks.
  std::string graph = ReadText(kRoot + "/graphs/knn.yaml");
  graph.replace(graph.find("\n  ranks:"), 9, "\n  group:");
  graph.replace(graph.find("../configs"), 10, kRoot + "/configs");
  WriteText(folder / "apart.yaml", graph);
  std::vector<std::string> arguments = judge(weights);
  arguments[0] = folder / "apart.yaml";
  RankPrograms apart(2, arguments);
  EXPECT_THAT(apart.WaitAtMost(kJudgedWithin), Each(2)) << apart.Outputs();
  EXPECT_THAT(apart[0].output(), HasSubstr("the node source (OrderedSource) of the graph knn would "
                                           "give each of them all images"));
}

}  // namespace
}  // namespace flowtrain
