// How shards are downloaded, and the order in which their images are used.
#pragma once

#include <string>

#include "pipeline/node/options.h"

namespace flowtrain {

struct RemoteOptions {
  std::string cache_dir;            // empty: `shards` in the user's cache folder
  std::string cache_limit = "50%";  // an amount, or a share of the room on its disk
  int download_connections = 4;
  int download_retries = 4;
  int download_timeout_s = 60;
  int shuffle_shards = 0;  // 0: all of shards on the disk, kDefaultShuffle of others

  static constexpr int kDefaultShuffle = 8;

  static void Declare(OptionsOf<RemoteOptions>& options);
};

}  // namespace flowtrain
