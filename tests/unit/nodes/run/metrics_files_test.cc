#include "nodes/run/metrics_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "nodes/run/metric_names.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line + ',');
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  return cells;
}

// The cells of a column of metrics.csv.
std::vector<std::string> Column(const TempFolder& temp, const std::string& name) {
  std::vector<std::string> column;
  const std::vector<std::string> lines = ReadLines(temp / "metrics.csv");
  const std::vector<std::string> header = Split(lines.front());
  const auto at = std::find(header.begin(), header.end(), name) - header.begin();
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> cells = Split(lines[i]);
    EXPECT_EQ(cells.size(), header.size()) << lines[i];
    column.push_back(cells.at(static_cast<size_t>(at)));
  }
  return column;
}

size_t EventFiles(const TempFolder& temp) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(temp.path())) {
    count += entry.path().filename().string().rfind("events.", 0) == 0 ? 1 : 0;
  }
  return count;
}

MetricsFiles In(const TempFolder& temp, uint64_t start_step = 0, bool tensorboard = true) {
  return MetricsFiles({.folder = temp.path(),
                       .start_step = start_step,
                       .tensorboard = tensorboard,
                       .configuration = "a: 1\n"});
}

const std::string kStep1 = R"({"step":1,"epoch":1,"loss":5.125,"lr":0.06,"skipped":true})";
const std::string kStep2 = R"({"step":2,"epoch":1,"loss":null,"lr":0.1,"skipped":false})";
const std::string kEpoch1 = R"({"epoch":1,"steps":2,"loss":5.125,"knn_top1":40.5})";
const std::string kStep3 = R"({"step":3,"epoch":2,"loss":4.5,"lr":0.1,"skipped":false})";
const std::string kFinal = R"({"final":true,"knn_top1":41.5,"bank":20})";

TEST(MetricsFiles, TheTableHasARowForEachLine) {
  TempFolder temp;
  MetricsFiles files = In(temp);
  EXPECT_FALSE(std::filesystem::exists(temp / "metrics.csv")) << "nothing is known yet";
  EXPECT_EQ(EventFiles(temp), 0U);
  for (const std::string& line : {kStep1, kStep2, kEpoch1, kFinal}) files.Append(line);
  EXPECT_THAT(Column(temp, "row"), ElementsAre("step", "step", "epoch", "final"));
  EXPECT_THAT(Column(temp, "step"), ElementsAre("1", "2", "2", "2"));
  EXPECT_THAT(Column(temp, "epoch"), ElementsAre("1", "1", "1", ""));
  EXPECT_THAT(Column(temp, "loss"), ElementsAre("5.125", "", "5.125", ""));
  EXPECT_THAT(Column(temp, "skipped"), ElementsAre("1", "0", "", ""));
  EXPECT_THAT(Column(temp, "knn_top1"), ElementsAre("", "", "40.5", "41.5"));
  EXPECT_THAT(Column(temp, "bank"), ElementsAre("", "", "", "20"));
  EXPECT_EQ(EventFiles(temp), 1U);
}

TEST(MetricsFiles, ARunThatGoesOnGoesOnInItsTable) {
  TempFolder temp;
  // As metrics.jsonl is after a rewind; the table still has the step after it, and half a row.
  temp.Write("metrics.jsonl", kStep1 + '\n' + kStep2 + '\n' + kEpoch1 + '\n');
  temp.Write("metrics.csv", "row,step\nstep,1\nstep,2\nstep,3\nste");
  MetricsFiles files = In(temp, 2);
  files.Append(kStep3);
  EXPECT_THAT(Column(temp, "row"), ElementsAre("step", "step", "epoch", "step"));
  EXPECT_THAT(Column(temp, "step"), ElementsAre("1", "2", "2", "3"));
  EXPECT_THAT(Column(temp, "loss"), ElementsAre("5.125", "", "5.125", "4.5"));
}

TEST(MetricsFiles, ARunThatBeginsAnewHasNoRowsFromBefore) {
  TempFolder temp;
  temp.Write("metrics.jsonl", "");
  temp.Write("metrics.csv", "row,step\nstep,1\n");
  MetricsFiles files = In(temp);
  files.Append(kStep1);
  EXPECT_THAT(Column(temp, "step"), ElementsAre("1"));
}

TEST(MetricsFiles, TensorBoardsFileCanBeLeftOut) {
  TempFolder temp;
  MetricsFiles files = In(temp, 0, false);
  files.Append(kStep1);
  files.AppendPicture("views", std::vector<uint8_t>{1}, 1, 1);
  EXPECT_EQ(EventFiles(temp), 0U);
}

TEST(MetricsFiles, AnotherLineIsLeftToMetricsJsonl) {
  TempFolder temp;
  MetricsFiles files = In(temp);
  for (const char* line : {"{}", "text", R"({"step":"x"})", "[1]"}) files.Append(line);
  EXPECT_EQ(ReadLines(temp / "metrics.jsonl").size(), 4U);
  EXPECT_FALSE(std::filesystem::exists(temp / "metrics.csv"));
  EXPECT_EQ(EventFiles(temp), 0U);
}

TEST(MetricTag, GroupsFiguresAsTensorBoardShowsThem) {
  using enum MetricsRow;
  EXPECT_EQ(MetricTag(kStep, "loss"), "train/loss");
  EXPECT_EQ(MetricTag(kStep, "lr"), "train/learning_rate");
  EXPECT_EQ(MetricTag(kStep, "images_per_s"), "speed/images_per_second");
  EXPECT_EQ(MetricTag(kStep, "epoch"), "train/epoch");
  EXPECT_EQ(MetricTag(kStep, "knn_top1"), "evaluate/knn_top1");
  EXPECT_EQ(MetricTag(kEpoch, "loss"), "epoch/loss");
  EXPECT_EQ(MetricTag(kEpoch, "images_per_s"), "epoch/images_per_second");
  EXPECT_EQ(MetricTag(kEpoch, "knn_top1"), "evaluate/knn_top1");
  EXPECT_EQ(MetricTag(kFinal, "linear_top1"), "evaluate/linear_top1");
  EXPECT_EQ(MetricTag(kFinal, "queries"), "evaluate/queries");
  EXPECT_EQ(MetricTag(kStep, "new_figure"), "train/new_figure");
  EXPECT_EQ(MetricTag(kFinal, "new_figure"), "evaluate/new_figure");
  EXPECT_THAT(MetricTag(kStep, "step"), IsEmpty());
  EXPECT_THAT(MetricTag(kEpoch, "epoch"), IsEmpty());
}

}  // namespace
}  // namespace flowtrain
