#include "nodes/data/folder_splits.h"

#include <algorithm>
#include <array>

#include "nodes/data/some_of.h"
#include "nodes/data/split_names.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/suggest.h"

namespace flowtrain {

std::vector<std::string> FolderSplits::Find() const {
  const std::string train = FirstNamed(tops_, kTrainNames);
  const auto judged = std::count_if(tops_.begin(), tops_.end(), [](const std::string& name) {
    return IsNamed(name, kJudgeNames);
  });
  const std::string unlabeled = FirstNamed(tops_, std::array{kUnlabeled});
  const size_t parts = (train.empty() ? 0 : 1) + (unlabeled.empty() ? 0 : 1);
  if (train.empty()) {
    if (static_cast<size_t>(judged) + parts != tops_.size()) return {};
    if (judged == 0 && LooseInRoot() > 0) return {};
    if (!unlabeled.empty()) return {unlabeled};
    if (judged >= 2) NoTrain();
    return {};
  }
  const bool nothing_else = tops_.size() == parts && LooseInRoot() == 0;
  if (judged == 0 && !nothing_else) return {};
  if (unlabeled.empty()) return {train};
  return {train, unlabeled};
}

uint64_t FolderSplits::LooseInRoot() const {
  return static_cast<uint64_t>(
      std::count_if(listing_.images.begin(), listing_.images.end(),
                    [](const std::string& path) { return path.find('/') == std::string::npos; }));
}

void FolderSplits::NoTrain() const {
  throw ConfigError("the folder " + root_ + ", which " + NameOf(names_, "root") +
                    " names, holds the splits " + SomeOf({tops_.begin(), tops_.end()}) +
                    " and no train: name those to train on in " + NameOf(names_, "splits"));
}

std::vector<std::string> FolderSplits::Checked(std::vector<std::string> splits) const {
  for (std::string& split : splits) {
    while (!split.empty() && split.back() == '/') split.pop_back();
    const auto below = [&](const std::string& path) { return path.rfind(split + '/', 0) == 0; };
    if (split.empty() || std::none_of(listing_.images.begin(), listing_.images.end(), below)) {
      NoSplit(split);
    }
  }
  for (const std::string& one : splits) {
    const auto within = std::count_if(splits.begin(), splits.end(), [&](const std::string& two) {
      return (two + '/').rfind(one + '/', 0) == 0;
    });
    if (within > 1) {
      throw ConfigError(NameOf(names_, "splits") + " names images of '" + PrintableName(one) +
                        "' twice");
    }
  }
  return splits;
}

void FolderSplits::NoSplit(const std::string& split) const {
  const std::vector<std::string>& folders = listing_.folders;
  const bool empty = std::find(folders.begin(), folders.end(), split) != folders.end();
  const std::vector<std::string> tops(tops_.begin(), tops_.end());
  throw ConfigError(NameOf(names_, "splits") + " names '" + PrintableName(split) + "', but " +
                    (empty ? "that folder of " + root_ + " holds no images"
                           : "the folder " + root_ + " has no such folder") +
                    (tops.empty() ? "; its images are in no folders"
                                  : "; its folders with images: " + SomeOf(tops)) +
                    DidYouMean(split, tops));
}

}  // namespace flowtrain
