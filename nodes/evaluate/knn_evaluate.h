// Measures how good the backbone is during a training.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/data/bad_images.h"
#include "nodes/data/dataset.h"
#include "nodes/evaluate/knn.h"
#include "nodes/evaluate/probe_features.h"
#include "nodes/evaluate/shared_features.h"
#include "nodes/run/run_dir.h"
#include "nodes/run/step_record.h"
#include "nodes/train/model/simclr_model.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class RankGroup;

// kNN accuracy of the frozen backbone on the labelled images: of the untrained backbone before the
// first step, after every N-th epoch, and after the last step. A run that is resumed keeps the
// accuracy of its untrained backbone. With `probe` also that of a linear classifier
// on the same features, but for the untrained backbone; with `pictures` it also writes embedding.json
// then (WriteEmbeddingFile). A network that is not finite has none. It draws no random numbers and
// leaves the batch-norm statistics alone, so the training is the same with it as without.
//
// Input   steps      step
// Output  evaluated  step  the record's knn_top1 set where it was evaluated; with `probe` linear_top1
//                          and linear_top5 too.
// Threads the device lane; images are decoded on TBB's threads.
//
// Example:
//   evaluate: {type: KnnEvaluate, in: saved, out: evaluated, options: {every_epochs: 10}}
class KnnEvaluate final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  void Start() override;
  void Process(Step& step) override;
  void Flush() override;

  // Percent; empty if it was not evaluated.
  std::optional<double> untrained() const { return untrained_; }
  std::optional<double> trained() const { return trained_; }
  const std::optional<ProbeResult>& probed() const { return probed_; }

 private:
  bool active() const { return enabled_ && labelled_.possible(); }
  // Several ranks compute the features together; rank 0 judges them, and the others wait for it.
  std::optional<double> EvaluateForAll();
  std::optional<double> Evaluate();
  std::optional<double> EvaluateFinite();
  void Probe(const Features& bank, const Features& queries);
  bool OutputIsFinite(const Features& features) const;
  bool several() const { return ranks_ != nullptr && ranks_->several(); }
  bool Stopping() const { return run_->draining() || run_->stop_wanted(); }
  // Empty where the run is being stopped, or a rank has too little memory.
  std::optional<Features> FeaturesOf(const LabelledImages& images, uint64_t first_id);
  Features ComputeTogether(const LabelledImages& images, PartEnd& end);
  void WarnOfBad(uint64_t known) const;

  bool enabled_ = true, probe_ = false, pictures_ = true;  // options
  int every_epochs_ = 0, batch_size_ = 256, size_ = 0;
  int64_t max_pixels_ = 0;  // of an image file
  KnnOptions knn_;

  std::string enabled_name_, neighbours_name_;  // in messages
  std::vector<std::string> classes_;
  RunControl* run_ = nullptr;
  SimclrModel* model_ = nullptr;
  Evaluation labelled_;
  RunDir* run_dir_ = nullptr;
  RankGroup* ranks_ = nullptr;   // null: there is one rank
  BadImages bad_images_{"kNN"};  // those of the queries have ids after the bank's
  std::optional<double> untrained_, trained_;
  std::optional<ProbeResult> probed_;  // of the last evaluation
  uint64_t steps_done_ = 0;            // of the run
  // How the last accuracy was measured.
  std::string how_;
  int64_t votes_ = 0, bank_ = 0, queries_ = 0, left_out_ = 0;
  bool told_of_caveats_ = false, told_of_no_probe_ = false;
  bool started_ = false;       // the untrained backbone has been evaluated
  bool lacks_memory_ = false;  // a rank, in the last evaluation
  bool current_ = false;       // trained_ belongs to the present parameters
};

}  // namespace flowtrain
