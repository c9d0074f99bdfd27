#include "nodes/train/checkpoint/checkpoint.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>

#include "nodes/data/dataset.h"
#include "nodes/device/pause.h"
#include "nodes/distributed/launch/ranks.h"
#include "nodes/train/checkpoint/checkpoint_space.h"
#include "nodes/train/weights/finite.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/shell_word.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

constexpr double kLongWaitS = 1;  // a wait for the writer that is worth a warning

double SecondsSince(uint64_t begin_ns) { return static_cast<double>(NowNs() - begin_ns) / 1e9; }

std::string Milliseconds(double seconds) { return ShowFixed(seconds * 1e3, 1) + " ms"; }

}  // namespace

void Checkpoint::Declare(NodeSpec& spec) {
  spec.Doc("Writes checkpoints to the run directory, and starts from one.")
      .Input("steps", Stream::kStep)
      .Output("saved", Stream::kStep)
      .OnLane()
      .Uses("model", "SimclrModel")
      .Uses("optimizer", "Optimizer")
      .Uses("run_dir", "RunDir")
      .MayUse("dataset", "ImageDataset")
      .MayUse("ranks", "RankGroup")
      .Option(&Checkpoint::every_epochs_, "every_epochs", 1,
              "Epochs between checkpoints; 0: not at the end of epochs.", AtLeast{0})
      .Option(&Checkpoint::every_steps_, "every_steps", int64_t{0},
              "Optimiser steps between checkpoints; 0: not by steps.", AtLeast{0})
      .Option(&Checkpoint::every_minutes_, "every_minutes", 0.0,
              "Minutes between checkpoints; 0: not by time.", AtLeast{0})
      .Option(&Checkpoint::keep_, "keep", 3, "The newest checkpoints that stay.", AtLeast{1})
      .Option(&Checkpoint::keep_best_, "keep_best", true,
              "The best checkpoint of an epoch's end stays too: by kNN accuracy where epochs are "
              "evaluated, else by loss.")
      .Option(&Checkpoint::resume_, "resume", std::string(), "Checkpoint to start from.");
}

void Checkpoint::Open(const OpenContext& context) {
  run_ = &context.run();
  model_ = &context.Get<SimclrModel>("model");
  optimizer_ = &context.Get<Optimizer>("optimizer");
  run_dir_ = &context.Get<RunDir>("run_dir");
  keep_name_ = context.NameOf("keep");
  intervals_ = context.NameOf("every_steps") + " or " + context.NameOf("every_minutes");
  // Before the first step, so that the evaluation at the start sees the state that the run begins
  // with.
  if (!resume_.empty()) {
    state_ = LoadCheckpoint(resume_, *model_, *optimizer_);
    resumed_ = true;
    run_dir_->NoteStart(state_.knn_top1_start);
    const uint64_t epoch = std::max<uint64_t>(1, state_.steps_per_epoch);
    unjudged_ = state_.steps_done / epoch * epoch;
    LogInfo("resumed from " + resume_ + " after step " + std::to_string(state_.steps_done));
  }
  const auto* ranks = context.TryGet<Ranks>("ranks");
  writes_ = ranks == nullptr || ranks->leads();
  state_.ranks = ranks == nullptr ? 1 : ranks->ranks();
  state_.config = run_dir_->resolved_config();
  state_.graph = run_dir_->graph();
  const auto* dataset = context.TryGet<ImageDataset>("dataset");
  state_.dataset = dataset == nullptr ? "" : dataset->identity().ToText();
}

void Checkpoint::Start() {
  if (!writes_) return;
  folder_ = std::make_unique<CheckpointFolder>(run_dir_->path(), keep_, keep_best_);
  folder_->Open(state_.steps_done);
  LookForRoom();
  saved_at_ns_ = NowNs();
}

// A run that cannot write its checkpoints should not find that out after hours.
void Checkpoint::LookForRoom() const {
  CheckpointNeed need;
  need.folder = run_dir_->path();
  need.keep_name = keep_name_;
  for (const auto& [name, tensor] : StateOf(*model_, *optimizer_)) need.bytes += tensor.nbytes();
  const auto kept = static_cast<size_t>(keep_) + (keep_best_ ? 1 : 0) + 1;  // and the one to come
  const size_t there = std::min(folder_->size(), kept - 1);
  need.files = kept - there;
  for (const std::string& text :
       CheckpointWarnings(need, DiskRoomOf(need.folder), AvailableMemoryRoom())) {
    LogWarning(text);
  }
}

void Checkpoint::Process(Step& step) {
  CheckEpochLength(step);
  const bool written =
      writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  if (written) FinishWriting();
  if (!writing_.valid()) JudgeLastEpoch();
  state_.steps_done = step.step + 1;
  state_.steps_per_epoch = step.steps_per_epoch;
  if (!writes_) return;
  saved_ = false;
  if (!IsDue(step)) return;
  Save();
  if (step.last_of_epoch) unjudged_ = state_.steps_done;
}

// The place in the epoch is counted in steps, so it means the same only if epochs are as long as
// before.
void Checkpoint::CheckEpochLength(const Step& step) const {
  if (!resumed_ || step.steps_per_epoch == state_.steps_per_epoch) return;
  throw std::runtime_error(
      "an epoch has " + std::to_string(step.steps_per_epoch) + " steps now and had " +
      std::to_string(state_.steps_per_epoch) + " in " + resume_ +
      ": the data set has gained or lost images. Give it back the images it had, or start a new "
      "run from these weights with --init");
}

bool Checkpoint::IsDue(const Step& step) const {
  if (every_epochs_ > 0 && step.last_of_epoch &&
      (step.epoch + 1) % static_cast<uint64_t>(every_epochs_) == 0) {
    return true;
  }
  if (every_steps_ > 0 && (step.step + 1) % static_cast<uint64_t>(every_steps_) == 0) return true;
  return every_minutes_ > 0 && SecondsSince(saved_at_ns_) >= every_minutes_ * 60;
}

void Checkpoint::Save() {
  const Pause pause(model_->device());
  const uint64_t begin_ns = NowNs();
  FinishWriting();  // one at a time; until then the copy's memory is the writer's
  const double waited_s = SecondsSince(begin_ns);
  const uint64_t copy_begin_ns = NowNs();
  const NamedTensors& tensors = copy_.Take(StateOf(*model_, *optimizer_));
  Log(LogLevel::kDebug, "checkpoint of step " + std::to_string(state_.steps_done) +
                            ": the device lane copied " + ShowGib(copy_.bytes()) + " in " +
                            Milliseconds(SecondsSince(copy_begin_ns)) + " and waited " +
                            Milliseconds(waited_s) + " for the one before");
  if (waited_s > kLongWaitS && !told_of_wait_) {
    told_of_wait_ = true;
    LogWarning("the training waited " + ShowDuration(waited_s) +
               " for a checkpoint to be written before the next one: raise " + intervals_);
  }
  saved_at_ns_ = NowNs();
  saved_ = true;
  state_.knn_top1_start = run_dir_->knn_top1_start();
  writing_ = std::async(std::launch::async,
                        [this, &tensors, state = state_, what = model_->WhatIsNotFinite()] {
                          Write(tensors, state, what);
                        });
}

// Runs on a thread of its own. `not_finite` says what of the network is not; empty: nothing.
void Checkpoint::Write(const NamedTensors& tensors, const TrainingState& state,
                       std::string not_finite) {
  const uint64_t begin_ns = NowNs();
  SaveCheckpoint(folder_->PathOf(state.steps_done), tensors, state);
  if (not_finite.empty()) not_finite = FirstNonFinite(tensors);
  folder_->Add(state.steps_done, not_finite.empty());
  run_dir_->NoteDivergence(not_finite.empty() ? "" : Divergence(state.steps_done, not_finite));
  if (!not_finite.empty()) TellOfDivergence(state.steps_done, not_finite);
  Log(LogLevel::kDebug, "checkpoint of step " + std::to_string(state.steps_done) + ": written in " +
                            Milliseconds(SecondsSince(begin_ns)));
}

// For whoever looks at the end alone.
std::string Checkpoint::Divergence(uint64_t steps_done, const std::string& what) const {
  const std::optional<uint64_t> newest = folder_->newest();
  return "the training has diverged: after step " + std::to_string(steps_done) + ' ' + what +
         " is not finite. " +
         (newest ? "The last checkpoint from before is " + folder_->PathOf(*newest) +
                       ": go on from it with --resume and --resume-anyway"
                 : std::string("There is no checkpoint from before: begin again")) +
         " with a lower learning rate";
}

void Checkpoint::TellOfDivergence(uint64_t steps_done, const std::string& what) {
  if (told_of_divergence_) return;
  told_of_divergence_ = true;
  LogWarning("the training has diverged: after step " + std::to_string(steps_done) + ' ' + what +
             " is not finite. Such a checkpoint is never the best, and it has no accuracy: go on "
             "from an earlier one with a lower learning rate");
}

// Rethrows what the writer threw.
void Checkpoint::FinishWriting() {
  if (writing_.valid()) writing_.get();
  JudgeLastEpoch();
}

// An epoch is evaluated, and its figures come from the device, after its checkpoint was written.
void Checkpoint::JudgeLastEpoch() {
  if (!unjudged_ || !folder_) return;  // a run that never started has no folder
  const std::optional<EpochFigures> figures = run_dir_->FiguresOf(*unjudged_);
  if (!figures) return;
  folder_->Judge(*unjudged_, *figures);
  unjudged_.reset();
}

void Checkpoint::Flush() {
  if (!saved_) Save();
  if (!writing_.valid()) return;
  FinishWriting();
  LogInfo("checkpoint written: " + folder_->PathOf(state_.steps_done));
}

// Also after an abort: the checkpoint under way is that of a whole step, so it is finished.
void Checkpoint::Close() noexcept {
  try {
    FinishWriting();
    TellWhatIsLeft();
  } catch (const std::exception& error) {
    LogError(error.what());
  }
}

// Of a run that has failed, its last steps too, or was aborted: its last state may be lost with the
// device, but what was copied to the host is in a checkpoint.
void Checkpoint::TellWhatIsLeft() const {
  const bool whole = saved_ && !run_->aborted();
  if (whole || folder_ == nullptr || state_.steps_done == 0) return;
  const std::optional<uint64_t> newest = folder_->newest();
  if (!newest) {
    LogInfo("there is no checkpoint yet: the steps of this run are lost; " + intervals_ +
            " say how often one is written");
    return;
  }
  LogInfo("the last checkpoint is that of step " + ShowCount(*newest) + ": " +
          folder_->PathOf(*newest) + "; steps that are lost: " +
          ShowCount(state_.steps_done - std::min(*newest, state_.steps_done)) + ". --resume " +
          ShellWord(run_dir_->path()) + " goes on from it");
}

FLOWTRAIN_REGISTER(Checkpoint);

}  // namespace flowtrain
