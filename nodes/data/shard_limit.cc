#include "nodes/data/shard_limit.h"

#include <algorithm>
#include <string>

#include "nodes/data/shard_folder.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// As a limit is written, and at least that much: "840 MB".
std::string Megabytes(uint64_t bytes) {
  if (bytes < 10'000'000) return std::to_string((bytes + 999) / 1000) + " kB";
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

}  // namespace

void CheckShardLimit(std::vector<uint64_t> sizes, size_t at_a_time, uint64_t limit_bytes,
                     const OptionNames& names) {
  const std::string limit = NameOf(names, "cache_limit") + ", " + Megabytes(limit_bytes);
  std::sort(sizes.rbegin(), sizes.rend());
  at_a_time = std::min(at_a_time, sizes.size());
  uint64_t needed = ShardFolder::kNoteBytes;
  for (size_t i = 0; i < at_a_time; ++i) needed += sizes[i];
  if (limit_bytes < needed) {
    throw ConfigError(
        limit + ", is too small: " + ShowCount(at_a_time, "shard") +
        (at_a_time == 1 ? "" : " whose images are mixed") + " may take " + Megabytes(needed) +
        ". Set it to at least " + Megabytes(needed) +
        (at_a_time == 1 ? "" : ", better twice that, or lower " + NameOf(names, "shuffle_shards")));
  }
  if (at_a_time > 1 && at_a_time < sizes.size() && limit_bytes < 2 * needed) {
    LogWarning(limit + ", does not hold the next " + ShowCount(at_a_time, "shard") +
               " beside those in use: training may wait for downloads. " + Megabytes(2 * needed) +
               " would do");
  }
}

}  // namespace flowtrain
