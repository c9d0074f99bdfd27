// Writes checkpoints, and starts from one.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "nodes/report/run_dir.h"
#include "nodes/train/checkpoint_file.h"
#include "pipeline/node.h"

namespace flowtrain {

// Writes RUN_DIR/checkpoints/step-N.pt after every N-th epoch and after the last step, a drained
// run's too. The newest `keep` stay. It runs before the next window may enter, so a checkpoint is
// exactly the state after its step.
//
// Input   steps  step
// Output  saved  step
// Threads the device lane.
//
// Example:
//   checkpoint: {type: Checkpoint, in: kept, out: saved, options: {every_epochs: 1, keep: 3}}
class Checkpoint final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  void Start() override;
  void Process(Step& step) override;
  void Flush() override;

 private:
  void Save();
  void RemoveOld();

  int every_epochs_ = 1, keep_ = 3;  // options
  std::string resume_;

  SimclrModel* model_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  RunDir* run_dir_ = nullptr;
  TrainingState state_;
  bool saved_ = true;              // state_ is on the disk
  std::deque<std::string> files_;  // of this run, oldest first
};

}  // namespace flowtrain
