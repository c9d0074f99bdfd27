// Notices a run that learns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "nodes/run/step_record.h"

namespace flowtrain {

// Warns once of each:
//   projections that are the same for all images (RepresentationFigures::projection_std), twice in a row
//   features that have lost their dimensions (rankme), twice in a row
//   a loss that is not below that of the first steps after 200 steps; never while the learning rate
//   rises, and only in a run that is watched from its first step on.
class LearningWatch {
 public:
  // Takes the steps one after the other; returns what there is to warn of.
  std::vector<std::string> Add(const StepRecord& record);

 private:
  struct Suspicion {
    int in_a_row = 0;
    bool told = false;
    bool Confirm(bool suspicious);  // true once
  };

  std::string OfProjections(const StepRecord& record);
  std::string OfFeatures(const StepRecord& record);
  std::string OfLoss(const StepRecord& record);

  Suspicion same_projections_, few_dimensions_;
  bool from_start_ = false, told_of_loss_ = false;
  double learning_rate_ = 0;  // of the step before
  double first_sum_ = 0;
  size_t first_count_ = 0;
  std::deque<double> recent_;
};

}  // namespace flowtrain
