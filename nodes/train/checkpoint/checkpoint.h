// Writes checkpoints and starts from one.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "nodes/run/run_dir.h"
#include "nodes/train/checkpoint/checkpoint_file.h"
#include "nodes/train/checkpoint/host_copy.h"
#include "nodes/train/weights/checkpoint_folder.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Writes RUN_DIR/checkpoints/step-N.safetensors after every so many epochs, steps or minutes,
// whichever comes first, and after the last step, also of a drained run. The newest `keep` stay,
// and the best one. It runs before the next window may enter, so a checkpoint is exactly the state
// after its step.
//
// The state is copied to host memory; a thread beside the lane writes it while the training goes
// on, one checkpoint at a time. If a write fails, the run ends at the next step. Of several ranks,
// rank 0 writes; all of them start from the same one.
//
// Input   steps  step
// Output  saved  step
// Memory  on the host, as much as the parameters, buffers and the optimiser's state take.
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
  void Close() noexcept override;

 private:
  void LookForRoom() const;
  void CheckEpochLength(const Step& step) const;
  bool IsDue(const Step& step) const;
  void Save();
  void Write(const NamedTensors& tensors, const TrainingState& state, std::string not_finite);
  std::string Divergence(uint64_t steps_done, const std::string& what) const;
  void TellOfDivergence(uint64_t steps_done, const std::string& what);
  void FinishWriting();
  void JudgeLastEpoch();
  void TellWhatIsLeft() const;

  int every_epochs_ = 1, keep_ = 3;  // options
  int64_t every_steps_ = 0;
  double every_minutes_ = 0;
  bool keep_best_ = true;
  std::string resume_;

  std::string intervals_;  // the name in messages of the options that say how often
  std::string keep_name_;  // and of the one that says how many
  const RunControl* run_ = nullptr;
  SimclrModel* model_ = nullptr;
  Optimizer* optimizer_ = nullptr;
  RunDir* run_dir_ = nullptr;
  bool writes_ = true;  // of several ranks one does
  TrainingState state_;
  bool resumed_ = false;
  bool saved_ = true;         // state_ is in a checkpoint, or on its way to one
  uint64_t saved_at_ns_ = 0;  // the time of the last one
  bool told_of_wait_ = false;
  bool told_of_divergence_ = false;  // belongs to the thread

  HostCopy copy_;
  // Belongs to the thread while writing_ is under way, otherwise to the lane.
  std::unique_ptr<CheckpointFolder> folder_;
  std::future<void> writing_;
  std::optional<uint64_t> unjudged_;  // steps done at the end of an epoch that has a checkpoint
};

}  // namespace flowtrain
