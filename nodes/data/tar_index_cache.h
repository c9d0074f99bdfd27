// The indexes of tar files, kept from one start to the next.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/data/tar_index.h"
#include "nodes/data/tar_shards.h"

namespace flowtrain {

// By the names of shards.
using TarIndexes = std::map<std::string, TarIndex>;

// The file of indexes beside shards.
inline constexpr char kTarIndexFile[] = ".flowtrain-tar-index";

// Reads the first of the two files that holds indexes; none where neither does.
TarIndexes ReadTarIndexes(const std::string& path, const std::string& otherwise);
// Writes the first of the two that can be written. Leaves out those of files that were modified just
// now.
void WriteTarIndexes(const TarIndexes& indexes, const std::string& path,
                     const std::string& otherwise);

// The index of each shard: the one that is kept, where the file has the size and time that it had
// then, otherwise a new one. New ones are made on all cores, with a progress line, and kept in
// .flowtrain-tar-index in the shards' folder or, where that cannot be written, in the user's cache
// folder. Throws DataError as IndexTar does.
std::vector<TarIndex> IndexShards(const TarShards& shards);

}  // namespace flowtrain
