// Deletes the folders of runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace flowtrain {

// All of them or none: throws ConfigError, before anything is deleted, for a folder that is no run,
// is a link, is the working directory or around it, or that a run writes to. `confirm` gets a question and
// says whether to go on. Returns whether they were deleted. Throws std::runtime_error where the disk
// fails.
bool RemoveRuns(const std::vector<std::string>& folders,
                const std::function<bool(const std::string& question)>& confirm);

}  // namespace flowtrain
