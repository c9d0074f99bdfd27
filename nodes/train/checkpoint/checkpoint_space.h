// Whether the checkpoints of a run will find room on the disk and in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/base/memory_budget.h"

namespace flowtrain {

// What a folder's disk can still take; the largest number where there is no limit.
struct DiskRoom {
  uint64_t bytes = 0, files = 0;
  uint64_t file_bytes = 0;  // of one file (ulimit -f)
};
// Of the folder; no limits if the system does not tell.
DiskRoom DiskRoomOf(const std::string& folder);

struct CheckpointNeed {
  std::string folder;
  uint64_t bytes = 0;  // of one checkpoint
  uint64_t files = 1;  // more of them than there are now, with the one that is being written
  std::string keep_name = "keep";  // the option that says how many are kept, for messages
};

// What to warn of before a run starts, with what to do; empty if everything fits.
std::vector<std::string> CheckpointWarnings(const CheckpointNeed& need, const DiskRoom& disk,
                                            const MemoryRoom& memory);

}  // namespace flowtrain
