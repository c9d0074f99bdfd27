// How large the views of an image are, as people read it. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace flowtrain {

// The side of all of them; nothing where they differ.
std::optional<int> CommonSide(const std::vector<int>& sides);

// "96x96", or where they differ "2 of 96x96 and 6 of 36x36", in the order in which they come first;
// `times` is what stands between the sides. At least one view.
std::string ShowViewSizes(const std::vector<int>& sides, const std::string& times = "x");

}  // namespace flowtrain
