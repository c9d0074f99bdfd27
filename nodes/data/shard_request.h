// What is asked of a server for a shard, or for the index of shards.
#pragma once

#include <functional>
#include <string>

#include "nodes/data/remote_options.h"
#include "nodes/web/download.h"

namespace flowtrain {

// With the options' tries and timeout. A server that is not there is waited for, and a try that
// brings some bytes counts as any other. `stop` ends it.
DownloadRequest ShardRequest(const std::string& address, const RemoteOptions& options,
                             std::function<bool()> stop);

}  // namespace flowtrain
