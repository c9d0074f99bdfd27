#include "nodes/train/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "pipeline/log.h"
#include "pipeline/registry.h"

namespace flowtrain {

void Checkpoint::Declare(NodeSpec& spec) {
  spec.Doc("Writes checkpoints to the run directory, and starts from one.")
      .Input("steps", Stream::kStep)
      .Output("saved", Stream::kStep)
      .OnLane()
      .Uses("model", "SimclrModel")
      .Uses("optimizer", "Optimizer")
      .Uses("run_dir", "RunDir")
      .Option(&Checkpoint::every_epochs_, "every_epochs", 1,
              "Epochs between checkpoints; 0: after the last step alone.", AtLeast{0})
      .Option(&Checkpoint::keep_, "keep", 3, "The newest checkpoints that stay.", AtLeast{1})
      .Option(&Checkpoint::resume_, "resume", std::string(), "Checkpoint to start from.");
}

void Checkpoint::Open(const OpenContext& context) {
  model_ = &context.Get<SimclrModel>("model");
  optimizer_ = &context.Get<Optimizer>("optimizer");
  run_dir_ = &context.Get<RunDir>("run_dir");
  // Before the first step, so that the evaluation at the start sees the state that the run begins
  // with.
  if (!resume_.empty()) {
    state_ = LoadCheckpoint(resume_, *model_, *optimizer_);
    LogInfo("resumed from " + resume_ + " after step " + std::to_string(state_.steps_done));
  }
  state_.config = run_dir_->resolved_config();
}

void Checkpoint::Start() {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(run_dir_->path()) / "checkpoints";
  fs::create_directories(folder);
  // A resumed run goes on in the folder it began in: its earlier checkpoints count among those to
  // keep, later ones are of a way that was given up, and half a file is what a crash left.
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code ignored;
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".tmp") fs::remove(entry.path(), ignored);
    if (entry.path().extension() == ".pt" && name <= CheckpointName(state_.steps_done)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) files_.push_back((folder / name).string());
}

void Checkpoint::Process(Step& step) {
  state_.steps_done = step.step + 1;
  state_.steps_per_epoch = step.steps_per_epoch;
  saved_ = false;
  if (every_epochs_ == 0 || !step.last_of_epoch) return;
  if ((step.epoch + 1) % static_cast<uint64_t>(every_epochs_) == 0) Save();
}

void Checkpoint::Flush() {
  if (saved_) return;
  Save();
  LogInfo("checkpoint written: " + files_.back());
}

void Checkpoint::Save() {
  const std::filesystem::path folder = std::filesystem::path(run_dir_->path()) / "checkpoints";
  files_.push_back((folder / CheckpointName(state_.steps_done)).string());
  SaveCheckpoint(files_.back(), *model_, *optimizer_, state_);
  saved_ = true;
  RemoveOld();
}

void Checkpoint::RemoveOld() {
  while (files_.size() > static_cast<size_t>(keep_)) {
    std::error_code ignored;
    std::filesystem::remove(files_.front(), ignored);
    files_.pop_front();
  }
}

FLOWTRAIN_REGISTER_NODE(Checkpoint);

}  // namespace flowtrain
