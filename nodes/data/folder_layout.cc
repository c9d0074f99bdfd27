#include "nodes/data/folder_layout.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "nodes/data/folder_group.h"
#include "nodes/data/folder_splits.h"
#include "nodes/data/some_of.h"
#include "nodes/data/split_names.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

class LayoutMaker {
 public:
  LayoutMaker(const std::string& root, FolderListing listing, const OptionNames& names)
      : root_(PrintableName(root)), listing_(std::move(listing)), names_(names) {
    tops_ = TopsOf(listing_.images);
  }

  FolderLayout Make(const std::vector<std::string>& splits) && {
    const FolderSplits there(root_, listing_, tops_, names_);
    const bool as_it_is = splits.empty() || splits == DefaultSplits();
    out_.splits = as_it_is ? there.Find() : there.Checked(splits);
    std::vector<FolderGroup> training;
    if (out_.splits.empty()) training = WithoutSplits();
    for (const std::string& split : out_.splits) {
      training.push_back(TakeGroup(listing_.images, split + '/'));
    }
    FindClasses(training);
    TellOfSplitsWithin();
    for (const FolderGroup& group : training) TellOf(group);
    TellOfSimilar();
    for (FolderGroup& group : training) Put(std::move(group), out_.training);
    if (!out_.splits.empty()) Judge();
    return std::move(out_);
  }

 private:
  // All images; those of a folder "unlabeled" beside class folders are no class.
  std::vector<FolderGroup> WithoutSplits() {
    std::vector<FolderGroup> groups;
    const std::string unlabeled = FirstNamed(tops_, std::array{kUnlabeled});
    if (!unlabeled.empty()) groups.push_back(TakeGroup(listing_.images, unlabeled + '/'));
    groups.insert(groups.begin(), TakeGroup(listing_.images, ""));
    if (!unlabeled.empty()) {
      const uint64_t count = groups.back().files.size();
      out_.notes.push_back(ShowCount(count, "image") + " of " + PrintableName(unlabeled) +
                           (count == 1 ? " is" : " are") + " trained on without a label");
    }
    return groups;
  }

  void FindClasses(const std::vector<FolderGroup>& groups) {
    std::set<std::string> folders;
    uint64_t labelled = 0, loose = 0;
    for (const FolderGroup& group : groups) {
      if (group.unlabeled) continue;
      folders.insert(group.folders.begin(), group.folders.end());
      labelled += group.in_folders();
      loose += group.loose.count;
    }
    const std::string images = "the images of " + root_;
    if (folders.empty()) {
      out_.why_not = images + " are not sorted into class folders";
    } else if (folders.size() == 1) {
      OneClass(*folders.begin());
    } else if (loose > labelled) {
      out_.why_not = "more than half of " + images + " are in no class folder (" +
                     ShowCount(loose) + " of " + ShowCount(loose + labelled) + ')';
      out_.notes.push_back(out_.why_not + ": the set counts as one without labels");
    } else {
      folders_.assign(folders.begin(), folders.end());
      for (const std::string& folder : folders_) out_.classes.push_back(PrintableName(folder));
    }
  }

  void OneClass(const std::string& folder) {
    out_.why_not = "the images of " + root_ + " are in one class folder, " + PrintableName(folder) +
                   ", and it takes two to tell them apart";
    std::vector<std::string> below;
    for (const std::string& path : listing_.folders) {
      if (path.rfind(folder + '/', 0) == 0) below.push_back(path.substr(folder.size() + 1));
    }
    std::string advice;
    if (out_.splits.empty() && below.size() >= 2) {
      advice = "; if its folders (" + SomeOf(below) + ") are the classes or splits, set " +
               NameOf(names_, "root") + " to " + root_ + '/' + PrintableName(folder);
    }
    out_.notes.push_back(out_.why_not + ": the set has no labels" + advice);
  }

  // Splits one level further down would be taken for classes of what lies there.
  void TellOfSplitsWithin() {
    for (const std::string& folder : folders_) {
      std::vector<std::string> within;
      bool trained = false, judged = false;
      for (const std::string& path : listing_.folders) {
        if (!out_.splits.empty() || path.rfind(folder + '/', 0) != 0) continue;
        const std::string name = path.substr(folder.size() + 1);
        trained |= IsNamed(name, kTrainNames);
        judged |= IsNamed(name, kJudgeNames);
        if (IsNamed(name, kTrainNames) || IsNamed(name, kJudgeNames)) within.push_back(name);
      }
      if (!trained || !judged) continue;
      const std::string shown = PrintableName(folder);
      std::string note = "the class folder ";
      note.append(shown).append(" holds folders that are named as splits (");
      note.append(SomeOf(within)).append("): if they are splits, set ");
      note.append(NameOf(names_, "root")).append(" to ").append(root_).append(1, '/').append(shown);
      out_.notes.push_back(std::move(note));
      return;
    }
  }

  void TellOf(const FolderGroup& group) {
    TellOfEmpty(group);
    const Counted& loose = group.loose;
    if (out_.classes.empty() || group.unlabeled || loose.count == 0) return;
    out_.notes.push_back(ShowCount(loose.count, "image") + (loose.count == 1 ? " lies" : " lie") +
                         " beside the class folders and so without a label: " +
                         PrintableName(loose.first) + (loose.count == 1 ? "" : ", …"));
  }

  void TellOfSimilar() {
    std::map<std::string, std::string> seen;  // by name in lower case
    for (const std::string& folder : folders_) {
      const auto [other, is_new] = seen.try_emplace(InLowerCase(folder), folder);
      if (is_new) continue;
      out_.notes.push_back("the class folders " + PrintableName(other->second) + " and " +
                           PrintableName(folder) +
                           " differ in upper and lower case alone, and count as two classes");
    }
  }

  // Folders where classes would be, without images.
  void TellOfEmpty(const FolderGroup& group) {
    std::vector<std::string> empty;
    for (const std::string& path : listing_.folders) {
      if (path.rfind(group.prefix, 0) != 0) continue;
      const std::string name = path.substr(group.prefix.size());
      const bool other_group = group.prefix.empty() && tops_.count(name) > 0;
      if (name.find('/') == std::string::npos && group.folders.count(name) == 0 && !other_group) {
        empty.push_back(path);
      }
    }
    if (empty.empty()) return;
    out_.notes.push_back((empty.size() == 1 ? "a folder holds no images, and is not a class: "
                                            : "folders hold no images, and are not classes: ") +
                         SomeOf(empty));
  }

  // Appends the images of a group, with their labels if there are classes.
  void Put(FolderGroup group, FolderPart& part) const {
    if (!out_.classes.empty()) {
      std::string_view previous;
      int32_t label = -1;
      for (const std::string& file : group.files) {
        const std::string_view folder = FolderBelow(file, group.prefix);
        if (folder != previous) {
          label = LabelOf(folder);
          previous = folder;
        }
        part.labels.push_back(group.unlabeled || folder.empty() ? -1 : label);
      }
    }
    part.files.insert(part.files.end(), std::make_move_iterator(group.files.begin()),
                      std::make_move_iterator(group.files.end()));
  }

  int32_t LabelOf(std::string_view folder) const {
    const auto found = std::lower_bound(folders_.begin(), folders_.end(), folder);
    return static_cast<int32_t>(found - folders_.begin());
  }

  // Takes the first split that can be judged on, and tells of all that is left.
  void Judge() {
    for (const std::string& folder : listing_.folders) {
      if (IsNamed(folder, kJudgeNames) && tops_.count(folder) == 0) {
        out_.notes.push_back("the split " + PrintableName(folder) + " holds no images");
      }
    }
    std::set<std::string> left = TopsOf(listing_.images);
    for (const std::string_view name : kJudgeNames) {
      const std::string split = FirstNamed(left, std::array{name});
      if (split.empty() || out_.classes.empty()) continue;
      FolderGroup group = TakeGroup(listing_.images, split + '/');
      left.erase(split);
      const std::string why_not = WhyNoJudge(group);
      if (why_not.empty()) {
        out_.judged_on = split;
        TellOf(group);
        Put(std::move(group), out_.judged);
        break;
      }
      out_.notes.push_back(PrintableName(split) + " is not judged on: " + why_not);
    }
    if (!left.empty()) {
      out_.notes.push_back(
          ShowCount(listing_.images.size(), "image") + " of " + SomeOf({left.begin(), left.end()}) +
          (listing_.images.size() == 1 ? " is" : " are") + " neither trained nor judged on; " +
          NameOf(names_, "splits") + " names the folders to train on");
    } else if (!listing_.images.empty()) {
      out_.notes.push_back(ShowCount(listing_.images.size(), "image") +
                           " beside the splits are not used: " + SomeOf(listing_.images));
    }
  }

  std::string WhyNoJudge(const FolderGroup& group) const {
    if (group.folders.empty()) return "its images are not sorted into class folders";
    for (const std::string& folder : group.folders) {
      if (!std::binary_search(folders_.begin(), folders_.end(), folder)) {
        return "its folder " + PrintableName(folder) + " is none of the classes trained on";
      }
    }
    return {};
  }

  const std::string root_;  // printable
  FolderListing listing_;
  const OptionNames& names_;
  std::set<std::string> tops_;        // folders directly below the root, with images
  std::vector<std::string> folders_;  // of the classes, as they are named on the disk
  FolderLayout out_;
};

}  // namespace

const std::vector<std::string>& DefaultSplits() {
  static const std::vector<std::string> splits = {"train", "unlabeled"};
  return splits;
}

FolderLayout LayOut(const std::string& root, FolderListing listing,
                    const std::vector<std::string>& splits, const OptionNames& names) {
  return LayoutMaker(root, std::move(listing), names).Make(splits);
}

}  // namespace flowtrain
