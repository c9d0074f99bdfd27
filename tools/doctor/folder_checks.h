// The folders of the data and of the runs: space, speed, locks, and what file system they are on.
#pragma once

#include <cstdint>
#include <string>

#include "tools/doctor/finding.h"

namespace flowtrain {

// Reads some of the files below `root`, or of the file that it is, not from the page cache.
Findings CheckDataFolder(const std::string& root);

// Writes 64 MiB below `folder` for a moment, and takes a lock. `checkpoint_bytes`: of one.
Findings CheckRunFolder(const std::string& folder, uint64_t checkpoint_bytes);

// "Windows' disk (9p)" for the numbers that statfs has of slow file systems; empty for others.
std::string SlowFileSystem(int64_t type, const std::string& path);

}  // namespace flowtrain
