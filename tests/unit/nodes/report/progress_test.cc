#include "nodes/report/progress.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

Progress Halfway() {
  Progress progress;
  progress.epoch = 3;
  progress.epochs = 10;
  progress.step = 155;
  progress.steps = 310;
  progress.loss = 4.83124;
  progress.learning_rate = 0.06;
  progress.images_per_s = 1234.4;
  progress.data_wait = 0.003;
  progress.eta_seconds = 245;
  return progress;
}

// Terminal cells of UTF-8 text whose characters are one cell wide.
int Cells(const std::string& text) {
  int cells = 0;
  for (const char c : text) cells += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return cells;
}

StepRecord Record(double loss, double seconds, double data_wait) {
  StepRecord record;
  record.images = 100;
  record.loss = loss;
  record.seconds = seconds;
  record.data_wait = data_wait;
  return record;
}

TEST(Units, Durations) {
  EXPECT_EQ(ShowDuration(0.04), "0.0 s");
  EXPECT_EQ(ShowDuration(59.94), "59.9 s");
  EXPECT_EQ(ShowDuration(59.96), "1 min 00 s");
  EXPECT_EQ(ShowDuration(245), "4 min 05 s");
  EXPECT_EQ(ShowDuration(3600), "1 h 00 min");
  EXPECT_EQ(ShowDuration(86399), "23 h 59 min");
  EXPECT_EQ(ShowDuration(3 * 86400 + 4 * 3600), "3 d 04 h");
}

TEST(Units, CountsBytesAndRates) {
  EXPECT_EQ(ShowCount(0), "0");
  EXPECT_EQ(ShowCount(999), "999");
  EXPECT_EQ(ShowCount(1000), "1,000");
  EXPECT_EQ(ShowCount(1234567), "1,234,567");
  EXPECT_EQ(ShowGib(size_t{512} << 20), "512 MiB");
  EXPECT_EQ(ShowGib(size_t{12} << 30), "12.0 GiB");
  EXPECT_EQ(ShowRate(1234.4), "1234");
  EXPECT_EQ(ShowRate(12.34), "12.3");
  EXPECT_EQ(ShowRate(0.256), "0.26");
  EXPECT_EQ(ShowPercent(0.0034), "0.3%");
}

TEST(PlainLine, SaysAll) {
  EXPECT_EQ(PlainLine(Halfway()),
            "epoch 3/10  step 155/310  loss 4.8312  1234 images/s  data wait 0.3%  lr 6.00e-02  "
            "ETA 4 min 05 s");
}

TEST(PlainLine, LeavesOutWhatIsNotKnown) {
  Progress progress;
  progress.epoch = 1;
  progress.step = 1;
  progress.loss = std::numeric_limits<double>::quiet_NaN();
  progress.device_bytes = size_t{3} << 30;
  EXPECT_EQ(PlainLine(progress), "epoch 1  step 1  loss not finite  lr 0.00e+00  VRAM 3.0 GiB");
}

TEST(PlainLine, ShowsTheGpuAsNvidiaSmiDoes) {
  Progress progress;
  progress.epoch = progress.step = 1;
  progress.loss = 2;
  progress.device_bytes = size_t{3} << 30;
  progress.device_peak_bytes = size_t{4} << 30;
  progress.device_total_bytes = size_t{12} << 30;
  const std::string begin = "epoch 1  step 1  loss 2.0000  lr 0.00e+00  VRAM 3.0 GiB";
  EXPECT_EQ(PlainLine(progress), begin + " (peak 4.0 GiB) of 12.0 GiB");
  progress.device_peak_bytes = progress.device_bytes;
  progress.gpu = {0.974, size_t{5} << 30, 71, 165.4};
  EXPECT_EQ(PlainLine(progress), begin + " of 12.0 GiB  GPU 97%, 5.0 GiB used, 71 C, 165 W");
  progress.gpu = {std::nullopt, size_t{5} << 30, std::nullopt, std::nullopt};
  EXPECT_EQ(PlainLine(progress), begin + " of 12.0 GiB  GPU 5.0 GiB used");
}

TEST(BarLine, WideShowsTheBarAndAll) {
  EXPECT_EQ(BarLine(Halfway(), 160, false),
            "epoch 3/10  ###############---------------  50%  step 155/310  loss 4.8312  "
            "1234 images/s  data wait 0.3%  lr 6.00e-02  ETA 4 min 05 s");
}

TEST(BarLine, NarrowLeavesOutWhatMattersLeast) {
  EXPECT_EQ(BarLine(Halfway(), 80, false),
            "epoch 3/10  #########----------  50%  loss 4.8312  1234 images/s  ETA 4 min 05 s");
  EXPECT_EQ(BarLine(Halfway(), 42, false), "epoch 3/10  ######------  50%  loss 4.8312");
}

TEST(BarLine, FitsEveryWidth) {
  for (int columns = 0; columns <= 200; ++columns) {
    for (const bool utf8 : {false, true}) {
      const std::string line = BarLine(Halfway(), columns, utf8);
      EXPECT_LE(Cells(line), columns) << line;
      EXPECT_EQ(Cells(line), Cells(BarLine(Halfway(), columns, !utf8)));
    }
  }
}

TEST(BarLine, IsFullAtTheEndAndNeverBeyond) {
  Progress progress = Halfway();
  progress.step = 311;
  EXPECT_EQ(BarLine(progress, 200, false).find("  ############################## 100%"), 10U);
}

TEST(BarLine, WithoutATotalThereIsNoBar) {
  Progress progress = Halfway();
  progress.steps = 0;
  progress.eta_seconds.reset();
  EXPECT_EQ(BarLine(progress, 200, true), PlainLine(progress));
}

TEST(Sentences, LeaveTheFirstStepOutOfTheRates) {
  StepTotals totals;
  totals.Add(Record(5.0, 10.0, 0.9), false);
  totals.Add(Record(4.0, 1.0, 0.1), true);
  totals.Add(Record(3.0, 3.0, 0.5), true);
  EXPECT_EQ(EpochSentence(1, 10, totals, {.knn_top1 = 45.25, .linear_top1 = 50, .rankme = 101.25}),
            "epoch 1/10 done in 14.0 s: loss 4.0000, 50.0 images/s, data wait 40.0%, RankMe 101.2, "
            "kNN top-1 45.2%, linear top-1 50.0%");
  EXPECT_EQ(RunSentence(totals, "runs/x"),
            "3 steps, 300 images in 14.0 s: 50.0 images/s, data wait 40.0%; results in runs/x");
}

TEST(Sentences, OfOneStep) {
  StepTotals totals;
  totals.Add(Record(5.0, 10.0, 0.9), false);
  EXPECT_EQ(RunSentence(totals, "runs/x"), "1 step, 100 images in 10.0 s; results in runs/x");
}

TEST(Sentences, SayWhatIsMissing) {
  StepTotals totals;
  StepRecord record = Record(std::numeric_limits<double>::infinity(), 2.0, 0);
  record.skipped = true;
  totals.Add(record, false);
  EXPECT_EQ(EpochSentence(1, 0, totals, {}),
            "epoch 1 done in 2.0 s: loss not finite, skipped steps: 1");
  StepTotals one;
  StepRecord step = Record(4.0, 2.0, 0);
  step.images = 1;
  one.Add(step, false);
  EXPECT_EQ(RunSentence(one, "runs/x"), "1 step, 1 image in 2.0 s; results in runs/x");
  EXPECT_EQ(RunSentence(StepTotals(), "runs/x"), "0 steps, 0 images in 0.0 s; results in runs/x");
}

TEST(RecentSteps, ForgetsOldSteps) {
  RecentSteps recent(2);
  EXPECT_FALSE(recent.Totals().images_per_s().has_value());
  recent.Add(Record(1, 100.0, 1));
  recent.Add(Record(1, 1.0, 0));
  recent.Add(Record(1, 1.0, 0));
  EXPECT_DOUBLE_EQ(*recent.Totals().images_per_s(), 100.0);
  EXPECT_DOUBLE_EQ(*recent.Totals().data_wait(), 0.0);
  EXPECT_DOUBLE_EQ(*recent.Totals().seconds_a_step(), 1.0);
}

}  // namespace
}  // namespace flowtrain
