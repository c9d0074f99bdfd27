#include "nodes/data/listed_layout.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "nodes/data/folder_layout.h"
#include "nodes/data/split_names.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// Whether a label is a number as programs write it, short enough to be compared by its length.
bool IsNumber(std::string_view label) {
  const bool digits = !label.empty() && label.find_first_not_of("0123456789") == label.npos;
  return digits && (label.size() == 1 || label.front() != '0');
}

bool ComesBefore(const std::string& one, const std::string& two) {
  return one.size() != two.size() ? one.size() < two.size() : one < two;
}

std::string Printable(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  shown.reserve(names.size());
  for (const std::string& name : names) shown.push_back(PrintableName(name));
  return JoinNames(shown);
}

class ListedLayoutMaker {
 public:
  ListedLayoutMaker(const std::string& what, uint64_t images, const ListedImages& listed,
                    const OptionNames& names)
      : what_(what), images_(images), listed_(listed), names_(names) {
    there_.insert(listed.splits.begin(), listed.splits.end());
    there_.erase("");
  }

  ListedLayout Make(const std::vector<std::string>& splits) && {
    out_.splits = ChooseSplits(splits);
    if (out_.splits.empty()) {
      for (uint64_t i = 0; i < images_; ++i) out_.training.push_back(i);
    }
    for (const std::string& split : out_.splits) {
      const std::vector<uint64_t> part = Part(split);
      out_.training.insert(out_.training.end(), part.begin(), part.end());
    }
    FindClasses();
    if (!out_.splits.empty()) Judge();
    return std::move(out_);
  }

 private:
  const std::string& LabelOf(uint64_t image) const {
    static const std::string none;
    return listed_.labels.empty() ? none : listed_.labels[image];
  }

  std::vector<uint64_t> Part(const std::string& split) const {
    std::vector<uint64_t> part;
    for (uint64_t i = 0; i < listed_.splits.size(); ++i) {
      if (listed_.splits[i] == split) part.push_back(i);
    }
    return part;
  }

  std::vector<std::string> Names() const { return {there_.begin(), there_.end()}; }

  std::vector<std::string> ChooseSplits(const std::vector<std::string>& splits) const {
    if (!splits.empty() && splits != DefaultSplits()) return CheckedSplits(splits);
    const std::string train = FirstNamed(there_, kTrainNames);
    if (train.empty()) {
      const bool all_judged = std::all_of(there_.begin(), there_.end(), [](const auto& name) {
        return IsNamed(name, kJudgeNames);
      });
      if (there_.size() >= 2 && all_judged) {
        throw ConfigError(what_ + " has the splits " + Printable(Names()) +
                          " and no train: name those to train on in " + NameOf(names_, "splits"));
      }
      return {};
    }
    const std::string unlabeled = FirstNamed(there_, std::array{kUnlabeled});
    if (unlabeled.empty()) return {train};
    return {train, unlabeled};
  }

  std::vector<std::string> CheckedSplits(const std::vector<std::string>& splits) const {
    std::set<std::string> seen;
    for (const std::string& split : splits) {
      if (!seen.insert(split).second) {
        throw ConfigError("the split '" + PrintableName(split) + "' stands twice in " +
                          NameOf(names_, "splits"));
      }
      if (there_.count(split) != 0) continue;
      throw ConfigError(NameOf(names_, "splits") + " names '" + PrintableName(split) + "', but " +
                        what_ +
                        (there_.empty() ? " has no splits: leave that setting at its default"
                                        : " has the splits " + Printable(Names())) +
                        DidYouMean(split, Names()));
    }
    return splits;
  }

  void FindClasses() {
    std::set<std::string> labels;
    uint64_t unlabelled = 0;
    for (const uint64_t image : out_.training) {
      if (LabelOf(image).empty()) {
        ++unlabelled;
      } else {
        labels.insert(LabelOf(image));
      }
    }
    out_.labels.assign(images_, -1);
    if (labels.empty()) {
      out_.why_not = "the images of " + what_ + " have no labels";
      return;
    }
    if (labels.size() == 1) {
      out_.why_not = "the labelled images of " + what_ + " are of one class, " +
                     PrintableName(*labels.begin()) + ", and it takes two to tell them apart";
      out_.notes.push_back(out_.why_not);
      return;
    }
    std::vector<std::string> sorted(labels.begin(), labels.end());
    if (std::all_of(sorted.begin(), sorted.end(), IsNumber)) {
      std::sort(sorted.begin(), sorted.end(), ComesBefore);
    }
    for (const std::string& label : sorted) {
      number_[label] = static_cast<int32_t>(out_.classes.size());
      out_.classes.push_back(PrintableName(label));
    }
    PutLabels(out_.training);
    if (unlabelled == 0) return;
    out_.notes.push_back(ShowCount(unlabelled, "image") + " of " + ShowCount(out_.training.size()) +
                         (unlabelled == 1 ? " has" : " have") + " no label");
  }

  void PutLabels(const std::vector<uint64_t>& images) {
    for (const uint64_t image : images) {
      const auto found = number_.find(LabelOf(image));
      if (found != number_.end()) out_.labels[image] = found->second;
    }
  }

  // Takes the first split that can be judged on, and tells of all that is left.
  void Judge() {
    for (const std::string& split : out_.splits) there_.erase(split);
    for (const std::string_view name : kJudgeNames) {
      const std::string split = FirstNamed(there_, std::array{name});
      if (split.empty() || out_.classes.empty()) continue;
      std::vector<uint64_t> part = Part(split);
      if (std::string why_not = WhyNoJudge(part); !why_not.empty()) {
        out_.notes.push_back(PrintableName(split) + " is not judged on: " + why_not);
        continue;
      }
      there_.erase(split);
      out_.judged_on = split;
      out_.judged = std::move(part);
      PutLabels(out_.judged);
      break;
    }
    const uint64_t unused = images_ - out_.training.size() - out_.judged.size();
    if (unused == 0) return;
    out_.notes.push_back(ShowCount(unused, "image") +
                         (there_.empty() ? " without a split" : " of " + Printable(Names())) +
                         (unused == 1 ? " is" : " are") + " neither trained nor judged on; " +
                         NameOf(names_, "splits") + " names the splits to train on");
  }

  std::string WhyNoJudge(const std::vector<uint64_t>& part) const {
    bool any = false;
    for (const uint64_t image : part) {
      const std::string& label = LabelOf(image);
      if (label.empty()) continue;
      any = true;
      if (number_.count(label) == 0) {
        return "no image to train on is of its class " + PrintableName(label);
      }
    }
    return any ? "" : "its images have no labels";
  }

  const std::string what_;
  const uint64_t images_;
  const ListedImages& listed_;
  const OptionNames& names_;
  std::set<std::string> there_;            // the splits that are not used yet
  std::map<std::string, int32_t> number_;  // of each class
  ListedLayout out_;
};

}  // namespace

ListedLayout LayOutListed(const std::string& what, uint64_t images, const ListedImages& listed,
                          const std::vector<std::string>& splits, const OptionNames& names) {
  return ListedLayoutMaker(what, images, listed, names).Make(splits);
}

}  // namespace flowtrain
