// A folder of images: class folders with images in them, or images alone.
#pragma once

#include <string>

#include "nodes/source/dataset.h"

namespace flowtrain {

// Lists the images under `root`, in an order that depends on their names alone. With class folders
// (folders that hold images, at any depth below) the first folder's name is the class, and each
// image is judged by the others. Hidden files and files of other kinds are passed over. Throws
// DataError for a folder without images.
OpenedDataset OpenFolder(const std::string& root);

}  // namespace flowtrain
