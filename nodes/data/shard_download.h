// The download of a shard, and whether what came is the shard that was indexed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "nodes/data/remote_options.h"
#include "nodes/data/remote_shard.h"

namespace flowtrain {

struct ShardDownload {
  std::string part;  // where it comes to
  std::string path;  // where it is once it is whole
  std::function<void(uint64_t bytes)> progress;
  std::function<bool()> stop;
};

// A shard that has changed on the server is not downloaded, and one that came damaged is downloaded
// a second time. Throws DataError, with the address, where it cannot be had; DownloadBusy where
// another program is downloading it; Interrupted where `stop` says so.
void DownloadShard(const RemoteShard& shard, const RemoteOptions& options,
                   const ShardDownload& download);

}  // namespace flowtrain
