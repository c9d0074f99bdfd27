// A timing as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace flowtrain {

// `timing` is what TimingJson returns. Throws ConfigError if a part is missing.
std::string TimingText(const nlohmann::json& timing);

}  // namespace flowtrain
