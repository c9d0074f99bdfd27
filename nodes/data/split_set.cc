#include "nodes/data/split_set.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// "train, test and unlabeled"
std::string ListOf(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

class SplitSet final : public ImageSet {
 public:
  explicit SplitSet(SplitSetParts parts) : parts_(std::move(parts)) {
    for (const std::string& name : parts_.training) {
      training_.push_back(parts_.splits.at(name).get());
      training_.back()->SetFirstId(size_);
      size_ += training_.back()->size();
    }
  }

  uint64_t size() const override { return size_; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    const auto [split, index] = Locate(id);
    return split->Fetch(index, storage);
  }
  void CheckFiles() const override {
    for (const auto& [name, split] : parts_.splits) split->CheckFiles();
  }
  int image_height() const override { return parts_.side; }
  int image_width() const override { return parts_.side; }
  std::string ImageName(uint64_t id) const override {
    const auto [split, index] = Locate(id);
    return split->ImageName(index);
  }
  std::string Description() const override {
    std::string names;
    for (const std::string& name : parts_.training) names += (names.empty() ? "" : " + ") + name;
    const std::string side = std::to_string(parts_.side);
    return parts_.title + ", " + names + ": " + ShowCount(size_) + " images " + side + 'x' + side;
  }
  std::vector<std::string> splits() const override { return parts_.training; }
  const std::vector<std::string>& classes() const override { return parts_.classes; }
  Evaluation evaluation() const override {
    if (!parts_.why_not.empty()) return {nullptr, nullptr, false, parts_.why_not};
    return {parts_.splits.at("train").get(), parts_.splits.at("test").get(), false, {}};
  }

 private:
  std::pair<const Split*, uint64_t> Locate(uint64_t id) const {
    for (const Split* split : training_) {
      if (id < split->size()) return {split, id};
      id -= split->size();
    }
    throw std::logic_error("image id beyond the data set");
  }

  const SplitSetParts parts_;
  std::vector<Split*> training_;
  uint64_t size_ = 0;
};

}  // namespace

std::unique_ptr<ImageSet> MakeSplitSet(SplitSetParts parts) {
  return std::make_unique<SplitSet>(std::move(parts));
}

void CheckSplitNames(const std::string& title, const std::vector<std::string>& splits,
                     const std::vector<std::string>& known, const OptionNames& names) {
  if (splits.empty()) {
    throw ConfigError(NameOf(names, "splits") + " is empty: name the splits of " + title +
                      " to train on, of " + ListOf(known));
  }
  std::set<std::string> seen;
  for (const std::string& split : splits) {
    if (std::find(known.begin(), known.end(), split) == known.end()) {
      std::string message = title;
      message.append(" has no split '").append(split).append("': there are ");
      message.append(ListOf(known)).append(" (").append(NameOf(names, "splits")).append(1, ')');
      throw ConfigError(message);
    }
    if (!seen.insert(split).second) {
      throw ConfigError("the split '" + split + "' stands twice in " + NameOf(names, "splits"));
    }
  }
}

}  // namespace flowtrain
