#include "nodes/report/learning_watch.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// docs/metrics.md has the figures of healthy and of collapsed runs that these lie between.
constexpr double kSameProjections = 0.3;  // projection_std
constexpr double kFewDimensions = 2.0;    // rankme
constexpr size_t kFirstSteps = 10, kRecentSteps = 50;
constexpr uint64_t kStepsToLearn = 200;
constexpr double kLeastFall = 0.002;  // of the first loss

std::string At(const StepRecord& record) { return "at step " + std::to_string(record.step + 1); }

}  // namespace

bool LearningWatch::Suspicion::Confirm(bool suspicious) {
  in_a_row = suspicious ? in_a_row + 1 : 0;
  if (told || in_a_row < 2) return false;
  told = true;
  return true;
}

std::vector<std::string> LearningWatch::Add(const StepRecord& record) {
  std::vector<std::string> warnings;
  for (std::string text : {OfProjections(record), OfFeatures(record), OfLoss(record)}) {
    if (!text.empty()) warnings.push_back(std::move(text));
  }
  return warnings;
}

// Those of an untrained network may be much alike.
std::string LearningWatch::OfProjections(const StepRecord& record) {
  if (!record.representations || record.step == 0) return {};
  const double spread = record.representations->projection_std;
  if (!same_projections_.Confirm(spread < kSameProjections)) return {};
  return "the representations have collapsed: " + At(record) +
         " the projections of all images are almost the same (projection_std " +
         ShowFixed(spread, 3) +
         "; 0 is collapsed, 1 is evenly spread). Try a lower learning rate and a longer warm-up; "
         "with VICReg, a larger weight of the variance term";
}

std::string LearningWatch::OfFeatures(const StepRecord& record) {
  if (!record.representations || record.step == 0) return {};
  const double rank = record.representations->rankme;
  if (!few_dimensions_.Confirm(rank < kFewDimensions)) return {};
  return "the representations have collapsed: " + At(record) +
         " the backbone's features vary in hardly more than one dimension (RankMe " +
         ShowFixed(rank, 1) + "). Try a lower learning rate and a longer warm-up";
}

std::string LearningWatch::OfLoss(const StepRecord& record) {
  if (record.step == 0) from_start_ = true;
  const bool rises = record.learning_rate > learning_rate_;
  learning_rate_ = record.learning_rate;
  if (!from_start_ || told_of_loss_ || !std::isfinite(record.loss)) return {};
  if (first_count_ < kFirstSteps) {
    first_sum_ += record.loss;
    ++first_count_;
    return {};
  }
  recent_.push_back(record.loss);
  if (recent_.size() > kRecentSteps) recent_.pop_front();
  if (rises || record.step + 1 < kStepsToLearn || recent_.size() < kRecentSteps) return {};
  const double first = first_sum_ / static_cast<double>(first_count_);
  const double recent =
      std::accumulate(recent_.begin(), recent_.end(), 0.0) / static_cast<double>(kRecentSteps);
  if (recent < first - kLeastFall * std::abs(first)) return {};
  told_of_loss_ = true;
  return "the run is not learning: the mean loss of the last " + std::to_string(kRecentSteps) +
         " steps, " + ShowFixed(recent, 4) + " " + At(record) +
         ", is not below that of the first " + std::to_string(kFirstSteps) + ", " +
         ShowFixed(first, 4) +
         ". Try a learning rate ten times lower, or higher if the loss has not moved at all";
}

}  // namespace flowtrain
