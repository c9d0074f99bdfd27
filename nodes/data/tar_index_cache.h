// The indexes of tar files, kept from one start to the next.
#pragma once

#include <string>
#include <vector>

#include "nodes/data/tar_index.h"
#include "nodes/data/tar_shards.h"

namespace flowtrain {

// The index of each shard: the one that is kept, where the file has the size and time that it had
// then, otherwise a new one. New ones are made on all cores, with a progress line, and kept in
// .flowtrain-tar-index in the shards' folder or, where that cannot be written, in the user's cache
// folder. Throws DataError as IndexTar does.
std::vector<TarIndex> IndexShards(const TarShards& shards);

}  // namespace flowtrain
