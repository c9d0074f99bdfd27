// Whether the folder may hold as many shards as are needed at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nodes/data/option_names.h"

namespace flowtrain {

// Of shards of these `sizes`, any `at_a_time` are needed at the same time. Throws ConfigError where
// they may take more than `limit_bytes`; warns where the next ones have no room beside them.
void CheckShardLimit(std::vector<uint64_t> sizes, size_t at_a_time, uint64_t limit_bytes,
                     const OptionNames& names);

}  // namespace flowtrain
