// Names in a message.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

// The first of them, as they can be printed: "cat, dog and 3 more".
std::string SomeOf(const std::vector<std::string>& names);

}  // namespace flowtrain
