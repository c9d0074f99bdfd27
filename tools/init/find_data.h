// What data set lies in a folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/data/dataset.h"

namespace flowtrain {

// What a user asks for.
struct DataRequest {
  std::string place = ".";          // folder; a file or a pattern that is a data set itself
  std::optional<DatasetKind> kind;  // empty: told by the files there
  std::vector<std::string> splits;  // to train on; empty: as the set is
};

struct FoundData {
  DatasetKind kind = DatasetKind::kFolder;
  std::string root;               // as data.root names it
  std::unique_ptr<ImageSet> set;  // open
};

// Finds the data set and opens it. STL-10's and CIFAR's files are also found in the folders below,
// down to the second level; images and tar shards at any depth. A list of images counts for the
// images that it lists. Throws ConfigError where nothing is known of what lies there, or more than
// one data set does, with what to do; DataError for a set that is broken.
FoundData FindData(const DataRequest& request);

}  // namespace flowtrain
