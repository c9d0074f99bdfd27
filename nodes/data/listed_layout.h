// How images of a list are used, whatever it is a list of: which to train on, which to judge on, and
// their classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/data/option_names.h"

namespace flowtrain {

// What a list says of its images, in their order. Both may be empty: nothing of any of them.
struct ListedImages {
  std::vector<std::string> labels;  // "": the image has none
  std::vector<std::string> splits;  // "": the image is in none
};

struct ListedLayout {
  std::vector<std::string> splits;         // that are trained on; empty: the images are in none
  std::string judged_on;                   // the split of `judged`; empty: none
  std::vector<uint64_t> training, judged;  // places in the list
  std::vector<int32_t> labels;             // of each image of the list, -1: none
  std::vector<std::string> classes;        // empty: there are no labels
  std::string why_not;                     // there are no classes
  std::vector<std::string> notes;          // what a user should know of it
};

// Lays out `images` images of the list that messages call `what`. The split train is trained on (and
// unlabeled), or those that `splits` names, and of val, valid, validation, test, … the first with the
// same classes is judged on; without them all images are trained on. Classes are numbered in the
// order of their names: by value if all are numbers, else by bytes. Throws ConfigError for splits
// that are not there.
ListedLayout LayOutListed(const std::string& what, uint64_t images, const ListedImages& listed,
                          const std::vector<std::string>& splits, const OptionNames& names);

}  // namespace flowtrain
