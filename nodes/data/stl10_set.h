// STL-10 in its official binary layout (Coates, Lee, Ng: "An Analysis of Single Layer Networks in
// Unsupervised Feature Learning", AISTATS 2011): NAME_X.bin holds images of uint8 [3, 96, 96],
// channel, then column, then row; NAME_y.bin a label of one byte, 1 to 10, for each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

inline constexpr int kStl10Side = 96;  // pixels
inline constexpr size_t kStl10ImageBytes = size_t{3} * kStl10Side * kStl10Side;

// The splits whose image file is in the folder, of train, unlabeled and test in this order.
std::vector<std::string> Stl10SplitsIn(const std::string& root);

// Whether an image file of one of STL-10's splits is in the folder.
bool HoldsStl10(const std::string& root);

// Throws ConfigError for splits that STL-10 does not have.
void CheckStl10Splits(const std::vector<std::string>& splits, const OptionNames& names = {});

// Opens the splits to train on, in the order given, and what there is of train and test with labels
// for the evaluation. Throws ConfigError for a folder or a split that is not there, DataError for
// one that is broken.
std::unique_ptr<ImageSet> OpenStl10(const std::string& root, const std::vector<std::string>& splits,
                                    const OptionNames& names = {});

}  // namespace flowtrain
