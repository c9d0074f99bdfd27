// A run's timing as a page to look at.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace flowtrain {

// One HTML page that needs no other file and no network, from what timing.json holds (version 1).
// It draws itself by a script; no text of `timing` is ever read as HTML.
std::string TimingPage(const nlohmann::json& timing);

}  // namespace flowtrain
