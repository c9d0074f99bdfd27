// The last node of a training graph: metrics.jsonl and the console.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "nodes/report/learning_watch.h"
#include "nodes/report/rates.h"
#include "nodes/report/terminal.h"
#include "nodes/run/run_dir.h"
#include "nodes/run/step_record.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Writes each step and each epoch to the run directory's metrics.jsonl, warns where the network
// collapses or does not learn, and shows the run: a
// progress bar on a terminal, else a line every `log_every` seconds; a line at each epoch's end.
//
// Input   steps  step  with a StepPayload.
// Memory  the records of the last steps (a device runs ahead of the host, so a step's figures are
//         waited for only when two later steps are there).
// Threads one at a time, not on the device lane: the console never holds up the device.
//
// Example:
//   report: {type: Report, in: saved, options: {log_every: 10}}
class Report final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);

  // No progress bar and no progress lines; metrics.jsonl is written all the same. Call it before
  // Start.
  void SetQuiet(bool quiet) { quiet_ = quiet; }
  // All steps so far. Valid after the run.
  const StepTotals& totals() const { return run_; }

  void Open(const OpenContext& context) override;
  void Start() override;
  void Process(Step& step) override;
  void Flush() override;
  void Close() noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {
    std::shared_ptr<StepRecord> record;
    uint64_t steps_per_epoch, total_steps;  // total_steps 0: not known
  };

  static constexpr size_t kRecentSteps = 20;  // over which the rates are shown

  void Emit(const Pending& pending);
  void TakeUpEpoch(const Pending& first);
  void Count(const StepRecord& record);
  void ShowViews(const ViewPairs& pairs);
  void WarnOfLoss(const StepRecord& record);
  void ShowProgress(const Pending& pending);
  void EndEpoch(const Pending& pending);
  static uint64_t EpochsOf(const Pending& pending);

  double log_every_ = 0;  // option, seconds
  RunDir* run_dir_ = nullptr;
  bool quiet_ = false;
  bool shows_ = true;  // of several ranks one does
  std::unique_ptr<ProgressBar> bar_;
  std::deque<Pending> pending_;
  StepTotals run_, epoch_;
  RecentSteps recent_{kRecentSteps};
  EpochResults epoch_results_;
  LearningWatch learning_watch_;
  uint64_t losses_not_finite_ = 0;
  std::optional<Clock::time_point> line_at_;  // when the last plain line was written
};

}  // namespace flowtrain
