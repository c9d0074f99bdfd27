// Runs as a table, as JSON, and two beside each other.
#pragma once

#include <cstdint>
#include <string>

#include "tools/runs/run_record.h"

namespace flowtrain {

// A table of at most 100 columns, and a line for each folder that is no run. `now_s`: seconds since
// 1970, from which ages are counted.
std::string RunsText(const std::string& folder, const RunList& list, int64_t now_s);
std::string RunsJson(const std::string& folder, const RunList& list);

// The parameters that differ, and figures of both; `json`: for programs.
std::string RunsDifference(const RunRecord& a, const RunRecord& b, bool json);

}  // namespace flowtrain
