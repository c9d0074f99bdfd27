// What the console says about a run in progress. Pure functions of the figures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "nodes/report/rates.h"
#include "nodes/run/gpu_status.h"

namespace flowtrain {

struct Progress {
  uint64_t epoch = 0, epochs = 0;  // epoch counts from 1; epochs 0: not known
  uint64_t step = 0, steps = 0;    // done; of the whole run, 0: not known
  double loss = 0;
  double learning_rate = 0;
  std::optional<double> images_per_s, data_wait, eta_seconds;
  // Of the device's memory: held by the program, the most of that so far, all; 0 on a CPU.
  size_t device_bytes = 0, device_peak_bytes = 0, device_total_bytes = 0;
  GpuStatus gpu;
};

// "epoch 3/100  step 120/3100  loss 4.8312  1234 images/s  data wait 0.3%  lr 6.00e-02  ETA 4 min".
std::string PlainLine(const Progress& progress);
// The same with a bar, in at most `columns` terminal cells: what matters least is left out first.
// Without `utf8` the bar is of # and -.
std::string BarLine(const Progress& progress, int columns, bool utf8);
// "epoch 3/100 done in 12.3 s: loss 4.8312, …". `epoch` counts from 1.
std::string EpochSentence(uint64_t epoch, uint64_t epochs, const StepTotals& totals,
                          const EpochResults& results);
// "310 steps, 158,720 images in 2 min 05 s: 1270 images/s, data wait 0.4%; results in runs/x".
std::string RunSentence(const StepTotals& totals, const std::string& run_dir);

}  // namespace flowtrain
