// Data sets that come as binary files, one or more for each split: STL-10, CIFAR.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// The images of one split, and their labels where there are some.
class Split : public LabelledImages {
 public:
  explicit Split(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  virtual bool labelled() const = 0;
  // As ImageSet::CheckFiles.
  virtual void CheckFiles() const = 0;

  std::string ImageName(uint64_t index) const override {
    return name_ + " image " + std::to_string(index);
  }
  int64_t TrainingId(uint64_t index) const override {
    return first_id_ < 0 ? -1 : first_id_ + static_cast<int64_t>(index);
  }
  // The split is trained on, from this id on.
  void SetFirstId(uint64_t id) { first_id_ = static_cast<int64_t>(id); }

 private:
  const std::string name_;
  int64_t first_id_ = -1;
};

struct SplitSetParts {
  std::string title;  // "STL-10"
  int side = 0;       // of the images, pixels
  std::vector<std::string> classes;
  std::map<std::string, std::unique_ptr<Split>> splits;  // by name
  std::vector<std::string> training;                     // the splits to train on, in their order
  std::string why_not;  // empty: train and test are there with labels, to judge on
};

// The splits to train on, one after the other; train and test are judged on.
std::unique_ptr<ImageSet> MakeSplitSet(SplitSetParts parts);

// Throws ConfigError unless `splits` names some of `known`, each once.
void CheckSplitNames(const std::string& title, const std::vector<std::string>& splits,
                     const std::vector<std::string>& known, const OptionNames& names);

}  // namespace flowtrain
