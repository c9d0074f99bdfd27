// How the images of a folder are used: which to train on, which to judge on, and their classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/data/folder_list.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// Images with their labels.
struct FolderPart {
  std::vector<std::string> files;  // relative to the folder
  std::vector<int32_t> labels;     // of each file, -1: none; empty: no file has one
};

struct FolderLayout {
  std::vector<std::string> splits;  // folders trained on; empty: the images are not in splits
  std::string judged_on;            // the folder of `judged`; empty: none
  std::vector<std::string>
      classes;  // sorted by the bytes of their folders' names; empty: no labels
  FolderPart training, judged;
  std::string why_not;             // there are no classes
  std::vector<std::string> notes;  // what a user should know of it
};

// The splits that stand for "as the data set is" (the default of data.splits).
const std::vector<std::string>& DefaultSplits();

// Lays out the images of `listing`, which is of the folder `root` and is used up. Folders train and
// val (valid, validation, test) directly below it are splits: the first is trained on, or the
// folders that `splits` names, and of the others the first with the same classes is judged on.
// Classes are the folders directly below the root or a split, if there are at least two, numbered
// in the order of their names, as torchvision's ImageFolder does. Images beside class folders, and
// those of a folder "unlabeled", have no label. Throws ConfigError for splits that are not there.
FolderLayout LayOut(const std::string& root, FolderListing listing,
                    const std::vector<std::string>& splits, const OptionNames& names);

}  // namespace flowtrain
