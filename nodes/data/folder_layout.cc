#include "nodes/data/folder_layout.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "nodes/data/split_names.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// The folder of these that has the first of the names that one of them has; empty: none has any.
template <typename Names>
std::string FirstNamed(const std::set<std::string>& folders, const Names& names) {
  for (const std::string_view name : names) {
    for (const std::string& folder : folders) {
      if (InLowerCase(folder) == name) return folder;
    }
  }
  return {};
}

// The folder directly below `prefix` that a path is in; empty where it is in none.
std::string_view FolderBelow(std::string_view path, std::string_view prefix) {
  path.remove_prefix(prefix.size());
  const size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// The folders directly below the root that have images.
std::set<std::string> TopsOf(const std::vector<std::string>& images) {
  std::set<std::string> tops;
  for (const std::string& image : images) {
    if (const auto folder = FolderBelow(image, ""); !folder.empty()) tops.emplace(folder);
  }
  return tops;
}

// "cat, dog and 3 more"
std::string SomeOf(const std::vector<std::string>& names) {
  constexpr size_t kNamed = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + PrintableName(names[i]);
  }
  if (names.size() > kNamed) text += " and " + ShowCount(names.size() - kNamed) + " more";
  return text;
}

// The sorted images below a prefix, and the folders that they are in.
struct Group {
  std::string prefix;  // empty, or ends with a slash
  std::vector<std::string> files;
  std::set<std::string> folders;
  Counted loose;  // images in none of them
  bool unlabeled = false;

  uint64_t in_folders() const { return files.size() - loose.count; }
};

Group TakeGroup(std::vector<std::string>& images, const std::string& prefix) {
  Group group;
  group.prefix = prefix;
  group.unlabeled = InLowerCase(prefix) == std::string(kUnlabeled) + '/';
  const auto begins = [&](const std::string& path) { return path.rfind(prefix, 0) == 0; };
  const auto first = std::find_if(images.begin(), images.end(), begins);
  const auto last = std::find_if_not(first, images.end(), begins);  // they are sorted
  group.files.assign(std::make_move_iterator(first), std::make_move_iterator(last));
  images.erase(first, last);
  std::string_view previous;
  for (const std::string& file : group.files) {
    const std::string_view folder = FolderBelow(file, prefix);
    if (folder.empty()) {
      group.loose.Add(file);
    } else if (folder != previous) {
      group.folders.emplace(folder);
      previous = folder;
    }
  }
  return group;
}

class LayoutMaker {
 public:
  LayoutMaker(const std::string& root, FolderListing listing, const OptionNames& names)
      : root_(PrintableName(root)), listing_(std::move(listing)), names_(names) {
    tops_ = TopsOf(listing_.images);
  }

  FolderLayout Make(const std::vector<std::string>& splits) && {
    out_.splits = ChooseSplits(splits);
    std::vector<Group> training;
    if (out_.splits.empty()) training = WithoutSplits();
    for (const std::string& split : out_.splits) {
      training.push_back(TakeGroup(listing_.images, split + '/'));
    }
    FindClasses(training);
    TellOfSplitsWithin();
    for (const Group& group : training) TellOf(group);
    TellOfSimilar();
    for (Group& group : training) Put(std::move(group), out_.training);
    if (!out_.splits.empty()) Judge();
    return std::move(out_);
  }

 private:
  std::vector<std::string> ChooseSplits(const std::vector<std::string>& splits) const {
    if (!splits.empty() && splits != DefaultSplits()) return CheckedSplits(splits);
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

  // All images; those of a folder "unlabeled" beside class folders are no class.
  std::vector<Group> WithoutSplits() {
    std::vector<Group> groups;
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

  uint64_t LooseInRoot() const {
    return static_cast<uint64_t>(
        std::count_if(listing_.images.begin(), listing_.images.end(),
                      [](const std::string& path) { return path.find('/') == std::string::npos; }));
  }

  [[noreturn]] void NoTrain() const {
    throw ConfigError("the folder " + root_ + ", which " + NameOf(names_, "root") +
                      " names, holds the splits " + SomeOf({tops_.begin(), tops_.end()}) +
                      " and no train: name those to train on in " + NameOf(names_, "splits"));
  }

  std::vector<std::string> CheckedSplits(std::vector<std::string> splits) const {
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

  [[noreturn]] void NoSplit(const std::string& split) const {
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

  void FindClasses(const std::vector<Group>& groups) {
    std::set<std::string> folders;
    uint64_t labelled = 0, loose = 0;
    for (const Group& group : groups) {
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

  void TellOf(const Group& group) {
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
  void TellOfEmpty(const Group& group) {
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
  void Put(Group group, FolderPart& part) const {
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
      Group group = TakeGroup(listing_.images, split + '/');
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

  std::string WhyNoJudge(const Group& group) const {
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
