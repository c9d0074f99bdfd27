// What messages call the options of a data set.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace flowtrain {

// The name under which a user finds an option: for a graph's, OpenContext::NameOf; for the
// program's own, the parameter. By default, the option's own.
using OptionNames = std::function<std::string(std::string_view option)>;

inline std::string NameOf(const OptionNames& names, std::string_view option) {
  return names ? names(option) : std::string(option);
}

}  // namespace flowtrain
