// A timing as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace flowtrain {

// `timing` is what TimingJson gives. Throws ConfigError for one that lacks a part.
std::string TimingText(const nlohmann::json& timing);

}  // namespace flowtrain
