// state.json: what a run leaves in its folder about how far it was to go and how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace flowtrain {

struct RunState {
  std::string state;         // "running" until its end, then "done", "failed" or "interrupted"
  uint64_t total_steps = 0;  // optimiser steps of the whole run; 0: not known
  int64_t started_s = 0;     // when it was first started, seconds since 1970
};

// Replaces the folder's state.json. Throws std::runtime_error where it cannot be written.
void WriteRunState(const std::string& folder, const RunState& state);

// Empty where there is no such file, or none that makes sense. A run that was killed has left
// "running": FolderInUse says whether it still is.
std::optional<RunState> ReadRunState(const std::string& folder);

// Whether a run holds the lock of its folder. False too where the file system has no locks.
bool FolderInUse(const std::string& folder);

}  // namespace flowtrain
