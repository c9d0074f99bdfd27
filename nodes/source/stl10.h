// STL-10 in its official binary layout (Coates, Lee, Ng: "An Analysis of Single Layer Networks in
// Unsupervised Feature Learning", AISTATS 2011): {train,test,unlabeled}_X.bin of uint8 [N, 3, 96,
// 96] with channel, then column, then row; {train,test}_y.bin of uint8 [N], classes from 1.
#pragma once

#include <string>
#include <vector>

#include "nodes/source/dataset.h"

namespace flowtrain {

inline constexpr int kStl10Side = 96;

// The image files of `splits` under `root`.
std::vector<std::string> Stl10Files(const std::string& root,
                                    const std::vector<std::string>& splits);

// Maps the files. Throws DataError for a missing file, one whose size is no whole number of images,
// labels that are not as many as the images, and a label outside of 1 to 10. Judged by: queries
// test, bank train.
OpenedDataset OpenStl10(const std::string& root, const std::vector<std::string>& splits);

}  // namespace flowtrain
