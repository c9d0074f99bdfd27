#include "nodes/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "nodes/report/metrics.h"
#include "nodes/run/metric_names.h"
#include "pipeline/base/log.h"
#include "tests/support/components.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

StepRecord Record(uint64_t step) {
  StepRecord record;
  record.step = step;
  record.epoch = step / 4;
  record.images = 128;
  record.last_of_epoch = step % 4 == 3;
  record.learning_rate = 0.05;
  record.seconds = 0.5;
  record.data_wait = 0.25;
  record.loss = 5.0 - 0.1 * static_cast<double>(step);
  return record;
}

TEST(StepLine, CountsFromOneAndNamesTheFigures) {
  StepRecord record = Record(0);
  record.knn_top1 = 45.5;
  record.device_bytes = 1000;
  record.device_peak_bytes = 2000;
  record.device_total_bytes = 3000;
  record.gpu = {.utilization = 0.97, .used_bytes = 2500, .temperature_c = 71, .power_w = 165.5};
  record.representations = {.rankme = 20.5,
                            .feature_std = 0.5,
                            .projection_std = 0.75,
                            .alignment = 0.25,
                            .uniformity = -3.5};
  record.linear_top1 = 50;
  record.linear_top5 = 90;
  record.collective_wait_ms = 1.5;
  record.collective_bytes = 4000;
  EXPECT_EQ(StepLine(record),
            R"({"step":1,"epoch":1,"loss":5.0,"lr":0.05,"images":128,"seconds":0.5,)"
            R"("images_per_s":256.0,"data_wait":0.25,"loss_scale":1.0,"skipped":false,)"
            R"("collective_wait_ms":1.5,"collective_bytes":4000,)"
            R"("device_bytes":1000,"device_peak_bytes":2000,"device_total_bytes":3000,)"
            R"("gpu_utilization":0.97,"gpu_used_bytes":2500,"gpu_temperature_c":71.0,)"
            R"("gpu_power_w":165.5,"rankme":20.5,"feature_std":0.5,"projection_std":0.75,)"
            R"("alignment":0.25,"uniformity":-3.5,"knn_top1":45.5,"linear_top1":50.0,)"
            R"("linear_top5":90.0})");
}

TEST(StepLine, WhatIsNotFiniteIsNull) {
  StepRecord record = Record(6);
  record.loss = kNan;
  record.loss_scale = std::numeric_limits<double>::infinity();
  record.seconds = 0;
  const json line = json::parse(StepLine(record));
  EXPECT_TRUE(line["loss"].is_null());
  EXPECT_TRUE(line["loss_scale"].is_null());
  EXPECT_TRUE(line["images_per_s"].is_null());
  EXPECT_EQ(line["step"], 7);
  EXPECT_EQ(line["epoch"], 2);
  EXPECT_FALSE(line.contains("device_bytes"));
  EXPECT_FALSE(line.contains("collective_bytes"));
  for (const auto& [key, value] : line.items()) EXPECT_NE(key.rfind("gpu_", 0), 0U) << key;
  EXPECT_FALSE(line.contains("knn_top1"));
}

TEST(EpochLine, HasTheMeanLossAndTheTimedRate) {
  StepTotals totals;
  totals.Add(Record(0), false);
  StepRecord second = Record(1);
  second.loss = 3.0;
  totals.Add(second, true);
  StepRecord third = Record(2);
  third.loss = kNan;
  third.skipped = true;
  totals.Add(third, true);
  const json line = json::parse(EpochLine(0, totals, 3, {}));
  EXPECT_EQ(line, json::parse(R"({"epoch":1,"steps":3,"images":384,"seconds":1.5,"loss":4.0,
                                  "images_per_s":256.0,"data_wait":0.25,"skipped":1,
                                  "bad_images":3})"));
  const json results = json::parse(EpochLine(1, totals, 0, {.knn_top1 = 50, .linear_top1 = 60}));
  EXPECT_EQ(results["knn_top1"], 50.0);
  EXPECT_EQ(results["linear_top1"], 60.0);
}

// What is not in the list has no column in metrics.csv.
TEST(MetricNames, HaveEveryKeyOfALine) {
  StepRecord record = Record(0);
  record.knn_top1 = record.linear_top1 = record.linear_top5 = 1;
  record.representations = RepresentationFigures{};
  record.device_peak_bytes = 1;
  record.collective_bytes = 1;
  record.gpu = {.utilization = 1, .used_bytes = 1, .temperature_c = 1, .power_w = 1};
  StepTotals totals;
  totals.Add(record, true);
  std::set<std::string> keys;
  for (const std::string& line :
       {StepLine(record), EpochLine(0, totals, 0, {.knn_top1 = 1, .linear_top1 = 1})}) {
    const json object = json::parse(line);
    for (const auto& [key, value] : object.items()) keys.insert(key);
  }
  for (const MetricName& name : MetricNames()) keys.erase(std::string(name.key));
  EXPECT_THAT(keys, testing::IsEmpty());
}

TEST(ReadStepLine, IsTheRecordAgain) {
  StepRecord record = Record(6);
  record.skipped = true;
  const std::optional<StepRecord> read = ReadStepLine(StepLine(record));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->step, 6u);
  EXPECT_EQ(read->epoch, 1u);
  EXPECT_EQ(read->images, 128);
  EXPECT_EQ(read->loss, record.loss);
  EXPECT_EQ(read->seconds, 0.5);
  EXPECT_TRUE(read->skipped);
  record.loss = kNan;
  EXPECT_TRUE(std::isnan(ReadStepLine(StepLine(record))->loss));
  for (const char* other : {"", "{", "3", R"({"epoch":1,"steps":4,"images":9})",
                            R"({"final":true,"knn_top1":3})", R"({"step":"x"})"}) {
    EXPECT_FALSE(ReadStepLine(other).has_value()) << other;
  }
}

// A Report on a run directory of its own, with the terminal's lines gathered.
class ReportTest : public testing::Test {
 protected:
  void Begin(const Options& options) {
    run_dir_ = Make<RunDir>({{"path", temp_ / "run"}});
    run_dir_->Open(context_);
    context_.resources["run_dir"] = run_dir_.get();
    report_ = Make<Report>(options);
    report_->Open(context_);
    SetLogWriter([this](const std::string& line) { terminal_.push_back(line); });
    report_->Start();
  }
  ~ReportTest() override { SetLogWriter(nullptr); }

  // Gives the report a step, as the engine does: the slot is used again for the next one.
  void Send(const StepRecord& record) {
    slot_.step = record.step;
    slot_.epoch = record.epoch;
    slot_.steps_per_epoch = 4;
    slot_.total_steps = total_steps_;
    if (!slot_.payload) slot_.payload = std::make_unique<StepPayload>();
    static_cast<StepPayload&>(*slot_.payload).record = std::make_shared<StepRecord>(record);
    report_->Process(slot_);
  }

  std::vector<json> Metrics() const {
    std::vector<json> lines;
    for (const std::string& line : ReadLines(temp_ / "run/metrics.jsonl")) {
      lines.push_back(json::parse(line));
    }
    return lines;
  }
  std::vector<int> StepsWritten() const {
    std::vector<int> steps;
    for (const json& line : Metrics()) {
      if (line.contains("step")) steps.push_back(line["step"]);
    }
    return steps;
  }

  TempFolder temp_;
  TestContext context_;
  std::unique_ptr<RunDir> run_dir_;
  std::unique_ptr<Report> report_;
  Step slot_;
  uint64_t total_steps_ = 0;  // not known
  std::vector<std::string> terminal_;
};

TEST_F(ReportTest, WritesStepsEpochsAndASummary) {
  Begin({{"log_every", "0"}});
  total_steps_ = 8;
  for (uint64_t step = 0; step < 6; ++step) {
    StepRecord record = Record(step);
    if (step == 3) record.knn_top1 = 40;
    Send(record);
  }
  report_->Flush();

  const std::vector<json> lines = Metrics();
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[3]["step"], 4);
  EXPECT_EQ(lines[3]["knn_top1"], 40.0);
  EXPECT_FALSE(lines[4].contains("step"));
  EXPECT_EQ(lines[4]["epoch"], 1);
  EXPECT_EQ(lines[4]["steps"], 4);
  EXPECT_EQ(lines[4]["knn_top1"], 40.0);
  EXPECT_NEAR(lines[4]["loss"], 4.85, 1e-9);
  EXPECT_EQ(lines[5]["epoch"], 2);

  ASSERT_EQ(terminal_.size(), 8U);
  EXPECT_EQ(terminal_[0], "epoch 1/2  step 1/8  loss 5.0000  lr 5.00e-02");
  EXPECT_EQ(terminal_[1],
            "epoch 1/2  step 2/8  loss 4.9000  256 images/s  data wait 25.0%  lr 5.00e-02  "
            "ETA 3.0 s");
  EXPECT_EQ(terminal_[4],
            "epoch 1/2 done in 2.0 s: loss 4.8500, 256 images/s, data wait 25.0%, kNN top-1 40.0%");
  EXPECT_EQ(
      terminal_[7],
      "6 steps, 768 images in 3.0 s: 256 images/s, data wait 25.0%; results in " + (temp_ / "run"));
}

TEST_F(ReportTest, CountsAnEpochThatIsCutShort) {
  Begin({{"log_every", "0"}});
  total_steps_ = 6;
  Send(Record(0));
  report_->Flush();
  EXPECT_EQ(terminal_.front(), "epoch 1/2  step 1/6  loss 5.0000  lr 5.00e-02");
}

TEST_F(ReportTest, WaitsForADeviceOnlyWhenTwoStepsAreBehind) {
  Begin({});
  std::vector<bool> waits;
  const auto late = [&waits](bool wait) {
    waits.push_back(wait);
    return wait ? std::optional(StepFigures{.loss = 1.0}) : std::nullopt;
  };
  for (uint64_t step = 0; step < 3; ++step) {
    StepRecord record = Record(step);
    record.loss = 0;
    record.fetch = late;
    Send(record);
    EXPECT_EQ(StepsWritten().size(), step < 2 ? 0U : 1U);
  }
  EXPECT_THAT(StepsWritten(), ElementsAre(1));
  EXPECT_THAT(waits, ElementsAre(false, false, true, false));
  report_->Flush();
  EXPECT_THAT(StepsWritten(), ElementsAre(1, 2, 3));
  for (const json& line : Metrics()) EXPECT_EQ(line["loss"], 1.0);
}

TEST_F(ReportTest, WarnsOnceOfARunThatDoesNotLearn) {
  Begin({{"log_every", "1000"}});
  for (uint64_t step = 0; step < 300; ++step) {
    StepRecord record = Record(step);
    record.loss = 6.9;
    record.last_of_epoch = false;
    Send(record);
  }
  const auto warned =
      std::count_if(terminal_.begin(), terminal_.end(), [](const std::string& line) {
        return line.find("warning: the run is not learning") != std::string::npos;
      });
  EXPECT_EQ(warned, 1);
}

TEST_F(ReportTest, WarnsOfALossThatIsNotFiniteOnceInAWhile) {
  Begin({{"log_every", "1000"}});
  for (uint64_t step = 0; step < 12; ++step) {
    StepRecord record = Record(step);
    record.loss = kNan;
    record.last_of_epoch = false;
    Send(record);
  }
  const auto warned = [this] {
    return std::count_if(terminal_.begin(), terminal_.end(), [](const std::string& line) {
      return line.find("not finite (") != std::string::npos;
    });
  };
  EXPECT_EQ(warned(), 2);  // the first and the tenth
  for (const json& line : Metrics()) EXPECT_TRUE(line["loss"].is_null());
}

TEST_F(ReportTest, AResumedEpochCountsItsStepsFromBefore) {
  Begin({});
  for (uint64_t step = 0; step < 6; ++step) Send(Record(step));
  report_->Flush();
  report_ = Make<Report>();  // as in a process that goes on
  report_->Open(context_);
  for (uint64_t step = 6; step < 8; ++step) Send(Record(step));
  const json line = Metrics().back();
  EXPECT_EQ(line["epoch"], 2);
  EXPECT_EQ(line["steps"], 4);
  EXPECT_EQ(line["images"], 4 * 128);
  EXPECT_NEAR(line["loss"], 4.45, 1e-9);  // of steps 5 to 8
  ASSERT_TRUE(run_dir_->FiguresOf(8).has_value());
  EXPECT_NEAR(run_dir_->FiguresOf(8)->loss, 4.45, 1e-9);
}

TEST_F(ReportTest, APartOfAnEpochIsNotJudgedByItsMean) {
  Begin({});
  for (uint64_t step = 6; step < 8; ++step) {  // the steps before are in another folder
    StepRecord record = Record(step);
    if (step == 7) record.knn_top1 = 40;
    Send(record);
  }
  EXPECT_EQ(Metrics().back()["steps"], 2);
  ASSERT_TRUE(run_dir_->FiguresOf(8).has_value());
  EXPECT_TRUE(std::isnan(run_dir_->FiguresOf(8)->loss));
  EXPECT_EQ(run_dir_->FiguresOf(8)->knn_top1, 40.0) << "the accuracy is that of the state";
}

TEST_F(ReportTest, QuietWritesMetricsAndNoProgress) {
  Begin({{"log_every", "0"}});
  report_->SetQuiet(true);
  Send(Record(0));
  Send(Record(1));
  EXPECT_THAT(terminal_, ElementsAre());
  EXPECT_THAT(StepsWritten(), ElementsAre(1, 2));
}

TEST_F(ReportTest, PlainLinesKeepTheirDistance) {
  Begin({{"log_every", "1000"}});
  for (uint64_t step = 0; step < 3; ++step) Send(Record(step));
  EXPECT_THAT(terminal_, ElementsAre(HasSubstr("step 1")));
}

TEST_F(ReportTest, AStepWithoutARecordIsAnError) {
  Begin({});
  Step bare;
  EXPECT_THROW(report_->Process(bare), std::logic_error);
}

}  // namespace
}  // namespace flowtrain
