// A run's timing as a web page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// One HTML page that needs no other file and no network, made from the content of timing.json
// (version 1). A script draws it; no text of `timing` is ever read as HTML.
std::string TimingPage(const nlohmann::json& timing);

// Any page of this kind: `page` has the marks /*style*/, /*data*/ (in an element for JSON) and
// /*script*/, in this order.
std::string FillPage(std::string_view page, std::string_view style, const nlohmann::json& data,
                     const std::vector<std::string_view>& scripts);

}  // namespace flowtrain
