// The indexes of shards on a server.
#pragma once

#include <functional>
#include <vector>

#include "nodes/data/option_names.h"
#include "nodes/data/remote_options.h"
#include "nodes/data/tar_index.h"
#include "nodes/data/tar_shards.h"

namespace flowtrain {

// The index of each shard: from the file .flowtrain-tar-index beside them on the server, which is
// made where they lie as files and copied there with them; otherwise the one that is kept in the
// user's cache folder from an earlier run; otherwise a new one, for which the shard is downloaded
// once. Throws DataError where the server fails, ConfigError where the cache's limit is too small,
// Interrupted where `stop` says so; what was indexed by then is kept.
std::vector<TarIndex> IndexRemoteShards(const TarShards& shards, const RemoteOptions& options,
                                        const OptionNames& names,
                                        const std::function<bool()>& stop);

}  // namespace flowtrain
