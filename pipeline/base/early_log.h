// What is logged before a run has its folder, and so its log file.
#pragma once

#include <string>

namespace flowtrain {

// From now on keeps what a log file would get, until SetLogFile writes it there first.
void KeepLogLines();

// A line for the log file alone.
void LogToFile(const std::string& message);

}  // namespace flowtrain
