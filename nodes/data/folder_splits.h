// Which folders of a data set are the splits to train on.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "nodes/data/folder_list.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

class FolderSplits {
 public:
  // Of the data set `root`, as it is called in messages, in whose folders `tops` (TopsOf) its images
  // are. All of these outlive the object.
  FolderSplits(const std::string& root, const FolderListing& listing,
               const std::set<std::string>& tops, const OptionNames& names)
      : root_(root), listing_(listing), tops_(tops), names_(names) {}

  // Those that folders are named as; empty: the images are not in splits. Throws ConfigError where
  // all folders are named as splits to judge on.
  std::vector<std::string> Find() const;
  // Those that a user has named, without a slash at the end. Throws ConfigError where one has no
  // images, and where two name the same ones.
  std::vector<std::string> Checked(std::vector<std::string> splits) const;

 private:
  uint64_t LooseInRoot() const;
  [[noreturn]] void NoTrain() const;
  [[noreturn]] void NoSplit(const std::string& split) const;

  const std::string& root_;
  const FolderListing& listing_;
  const std::set<std::string>& tops_;
  const OptionNames& names_;
};

}  // namespace flowtrain
