#include "nodes/data/remote_options.h"

#include <cstdint>

#include "pipeline/base/error.h"
#include "pipeline/base/memory_budget.h"
#include "pipeline/node/form.h"

namespace flowtrain {
namespace {

std::string CheckLimit(const std::string& limit) {
  try {
    ParseMemorySize(limit, uint64_t{1} << 50);
    return {};
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace

void RemoteOptions::Declare(OptionsOf<RemoteOptions>& options) {
  using Self = RemoteOptions;
  options
      .Option(&Self::cache_dir, "cache_dir",
              "Folder for downloaded shards, which several runs may share; empty: shards in the "
              "user's cache folder.")
      .Option(
          &Self::cache_limit, "cache_limit",
          "The most that the shards in cache_dir take: an amount, or a share of the room on its "
          "disk.",
          Form{CheckLimit, "an amount (200 GB) or a share (50%)"})
      .Option(&Self::download_connections, "download_connections",
              "Shards that are downloaded at a time.", Between{1, 64})
      .Option(&Self::download_retries, "download_retries",
              "Tries to download a shard after the first one, before the run ends.",
              Between{0, 100})
      .Option(&Self::download_timeout_s, "download_timeout_s",
              "Seconds without a byte after which a try to download has failed.", Between{1, 86400})
      .Option(&Self::shuffle_shards, "shuffle_shards",
              "Shards of tar files whose images are mixed at a time; 0: all of them, or 8 where "
              "they are downloaded.",
              AtLeast{0});
}

}  // namespace flowtrain
