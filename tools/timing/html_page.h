// A run's timing as a web page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace flowtrain {

// One HTML page that needs no other file and no network, made from the content of timing.json
// (version 1). A script draws it; no text of `timing` is ever read as HTML.
std::string TimingPage(const nlohmann::json& timing);

}  // namespace flowtrain
