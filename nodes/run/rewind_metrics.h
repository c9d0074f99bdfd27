// Takes lines of steps that will be done again out of metrics.jsonl.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// For a run that goes on after `steps_done` steps: leaves the lines of metrics.jsonl up to that
// step (and that of the epoch which it ended) and moves all others, in their order, to the end of
// metrics.abandoned.jsonl beside it. So each step is in metrics.jsonl once. A line that a crash
// left half written is moved too. Does nothing where there is no file. Throws std::runtime_error
// where the disk fails, with `path` as it was.
void RewindMetrics(const std::string& path, uint64_t steps_done);

}  // namespace flowtrain
