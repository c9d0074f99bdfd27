// CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky: "Learning Multiple Layers of Features
// from Tiny Images", 2009): files of records, each one byte of label (CIFAR-100: the coarse one,
// then the fine one), 0 and up, and an image of uint8 [3, 32, 32], channel, then row, then column.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

enum class Cifar : uint8_t { k10, k100 };

inline constexpr int kCifarSide = 32;  // pixels

// Bytes of a record in the set's files.
size_t CifarRecordBytes(Cifar which);

// Where the binary version is to be had, and the folder that its archive unpacks to.
const char* CifarAddress(Cifar which);
const char* CifarFolder(Cifar which);

// Names of all files that a set is read from.
std::vector<std::string> CifarFiles(Cifar which);

// Whether a file of the set's splits is in the folder.
bool HoldsCifar(Cifar which, const std::string& root);

// Opens the splits to train on, of train and test in the order given; [train, unlabeled], the
// default of data.splits, stands for train. The set is judged on test with train as neighbours.
// Labels of CIFAR-100 are the fine ones. Throws ConfigError for a folder, a file or a split that is
// not there, DataError for a file that is broken.
std::unique_ptr<ImageSet> OpenCifar(Cifar which, const std::string& root,
                                    const std::vector<std::string>& splits,
                                    const OptionNames& names = {});

}  // namespace flowtrain
