// Which program this is, for people who must make it run again.
#pragma once

#include <string>

namespace flowtrain {

std::string Version();    // "flowtrain 0.1.0"
std::string Commit();     // "4eb080f12345", with " with changes" after it; empty: not known
std::string Libraries();  // "libtorch 2.11.0, oneTBB 2021.8.0, …"

// Comments for the beginning of a run's config.yaml: the program, its command line, its libraries.
std::string RunHeader(const std::string& command_line);

}  // namespace flowtrain
