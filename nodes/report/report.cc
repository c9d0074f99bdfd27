#include "nodes/report/report.h"

#include <unistd.h>

#include <cmath>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "nodes/decode/encode_png.h"
#include "nodes/distributed/launch/ranks.h"
#include "nodes/report/metrics.h"
#include "nodes/report/progress.h"
#include "nodes/report/view_grid.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// Steps whose figures may still be on the device: it runs ahead by up to one window.
constexpr size_t kStepsInFlight = 2;

bool IsPowerOfTen(uint64_t n) {
  while (n >= 10 && n % 10 == 0) n /= 10;
  return n == 1;
}

}  // namespace

void Report::Declare(NodeSpec& spec) {
  spec.Doc("Writes metrics.jsonl and shows the run on the console.")
      .Input("steps", Stream::kStep)
      .Uses("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup")
      .Option(&Report::log_every_, "log_every", 10.0,
              "Seconds between progress lines where the output is not a terminal; 0: every step.",
              AtLeast{0})
      .Retired("epochs", "the source says how long the run is")
      .Retired("max_steps", "the source says how long the run is");
}

void Report::Open(const OpenContext& context) {
  run_dir_ = &context.Get<RunDir>("run_dir");
  const auto* ranks = context.TryGet<Ranks>("ranks");
  shows_ = ranks == nullptr || ranks->leads();
}

void Report::Start() {
  if (!quiet_ && shows_ && CanRedraw(STDERR_FILENO)) {
    bar_ = std::make_unique<ProgressBar>(STDERR_FILENO, LocaleIsUtf8());
  }
}

void Report::Process(Step& step) {
  if (!shows_) return;
  const auto* payload = dynamic_cast<const StepPayload*>(step.payload.get());
  if (payload == nullptr || payload->record == nullptr) {
    throw std::logic_error("the step carries no record; Report stands after an optimiser's node");
  }
  pending_.push_back({payload->record, step.steps_per_epoch, step.total_steps});
  while (!pending_.empty() && pending_.front().record->Fetch(pending_.size() > kStepsInFlight)) {
    Emit(pending_.front());
    pending_.pop_front();
  }
}

void Report::Flush() {
  if (!shows_) return;
  for (const Pending& pending : pending_) {
    pending.record->Fetch(true);
    Emit(pending);
  }
  pending_.clear();
  bar_.reset();
  LogInfo(RunSentence(run_, run_dir_->path()));
}

void Report::Close() noexcept { bar_.reset(); }

void Report::Emit(const Pending& pending) {
  const StepRecord& record = *pending.record;
  if (run_.steps() == 0) TakeUpEpoch(pending);
  Count(record);
  run_dir_->AppendMetrics(StepLine(record));
  if (record.view_pairs) ShowViews(*record.view_pairs);
  WarnOfLoss(record);
  for (const std::string& warning : learning_watch_.Add(record)) LogWarning(warning);
  if (!quiet_) ShowProgress(pending);
  if (record.last_of_epoch) EndEpoch(pending);
}

// A run that is resumed in the middle of an epoch counts the steps that metrics.jsonl has of it.
void Report::TakeUpEpoch(const Pending& first) {
  const uint64_t step = first.record->step, epoch_begin = step - step % first.steps_per_epoch;
  if (step == epoch_begin) return;
  std::ifstream in(run_dir_->path() + "/metrics.jsonl");
  for (std::string line; std::getline(in, line);) {
    const std::optional<StepRecord> record = ReadStepLine(line);
    if (record && record->step >= epoch_begin && record->step < step) epoch_.Add(*record, false);
  }
}

void Report::Count(const StepRecord& record) {
  const bool timed = run_.steps() > 0;
  run_.Add(record, timed);
  epoch_.Add(record, timed);
  if (timed) recent_.Add(record);
  epoch_results_.Add(record);
}

void Report::ShowViews(const ViewPairs& pairs) {
  const ViewGrid grid = MakeViewGrid(pairs);
  run_dir_->AppendPicture("views", EncodePng(grid.pixels, grid.height, grid.width), grid.height,
                          grid.width);
}

void Report::WarnOfLoss(const StepRecord& record) {
  if (std::isfinite(record.loss)) return;
  ++losses_not_finite_;
  if (!IsPowerOfTen(losses_not_finite_)) return;
  LogWarning("the loss of step " + std::to_string(record.step + 1) + " is not finite (" +
             std::to_string(losses_not_finite_) +
             " so far); try a lower learning rate, or go without mixed precision");
}

// The last one may be cut short.
uint64_t Report::EpochsOf(const Pending& pending) {
  return (pending.total_steps + pending.steps_per_epoch - 1) / pending.steps_per_epoch;
}

void Report::ShowProgress(const Pending& pending) {
  const Clock::time_point now = Clock::now();
  const bool line_is_due =
      !line_at_ || now - *line_at_ >= std::chrono::duration<double>(log_every_);
  if (!bar_ && !line_is_due) return;

  const StepRecord& record = *pending.record;
  const StepTotals recent = recent_.Totals();
  Progress progress;
  progress.epoch = record.epoch + 1;
  progress.epochs = EpochsOf(pending);
  progress.step = record.step + 1;
  progress.steps = pending.total_steps;
  progress.loss = record.loss;
  progress.learning_rate = record.learning_rate;
  progress.images_per_s = recent.images_per_s();
  progress.data_wait = recent.data_wait();
  progress.device_bytes = record.device_bytes;
  progress.device_peak_bytes = record.device_peak_bytes;
  progress.device_total_bytes = record.device_total_bytes;
  progress.gpu = record.gpu;
  if (recent.seconds_a_step() && progress.steps >= progress.step) {
    progress.eta_seconds =
        *recent.seconds_a_step() * static_cast<double>(progress.steps - progress.step);
  }
  if (bar_) {
    bar_->Show(progress);
  } else {
    line_at_ = now;
    LogInfo(PlainLine(progress));
  }
}

void Report::EndEpoch(const Pending& pending) {
  const StepRecord& record = *pending.record;
  run_dir_->AppendMetrics(
      EpochLine(record.epoch, epoch_, run_dir_->bad_images().count(), epoch_results_));
  // The mean of a part says nothing of an epoch: its other steps may be in another run's folder.
  const bool whole = epoch_.steps() == pending.steps_per_epoch;
  const double loss = whole ? epoch_.mean_loss().value_or(std::nan("")) : std::nan("");
  run_dir_->NoteEpoch(record.step + 1, {loss, epoch_results_.knn_top1});
  LogInfo(EpochSentence(record.epoch + 1, EpochsOf(pending), epoch_, epoch_results_));
  epoch_ = StepTotals();
  epoch_results_ = EpochResults();
}

FLOWTRAIN_REGISTER(Report);

}  // namespace flowtrain
