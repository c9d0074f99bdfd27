// What messages call the options of a data set.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace flowtrain {

// The name under which a user finds an option: of a graph's, OpenContext::NameOf; of the program's
// own, the parameter. Where nobody says more, the option's own.
using OptionNames = std::function<std::string(std::string_view option)>;

inline std::string NameOf(const OptionNames& names, std::string_view option) {
  return names ? names(option) : std::string(option);
}

}  // namespace flowtrain
