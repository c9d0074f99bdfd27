// Which tar files a data set consists of.
#pragma once

#include <string>
#include <vector>

#include "nodes/data/option_names.h"

namespace flowtrain {

// Tar files, by their paths relative to a folder.
struct TarShards {
  std::string folder;
  std::vector<std::string> names;  // sorted by bytes; of a pattern in its order
  bool remote = false;             // the folder is an address on the web

  // Of a remote one.
  std::string AddressOf(const std::string& name) const { return folder + name; }
};

// The files that a pattern stands for, as a shell expands it: {000..146} counts, {a,b} chooses; a
// brace that does neither stands for itself. Throws ConfigError for more than a million.
std::vector<std::string> ExpandBraces(const std::string& pattern);

// Whether there is no file of this name, but it is a pattern for tar files, or an address.
bool IsTarPattern(const std::string& root);

// Whether a .tar file is directly in the folder, and no image.
bool HoldsTarShards(const std::string& folder);

// The shards of a folder, at any depth, of a pattern, or the one file itself; a pattern may be an
// address on the web, whose shards need not be there. Throws ConfigError for what is not there, and
// for files that are compressed.
TarShards FindTarShards(const std::string& root, const OptionNames& names);

}  // namespace flowtrain
