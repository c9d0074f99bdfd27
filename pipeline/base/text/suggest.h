// "did you mean": the nearest of the known names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap two
// neighbours), ignoring case.
size_t EditDistance(std::string_view a, std::string_view b);

// The known name nearest to `name`, or an empty string when none is near enough for a typing error:
// at most one edit for every three characters, but at least one. Of equals, the first.
std::string Nearest(std::string_view name, const std::vector<std::string>& known);

// "; did you mean 'x'?", or an empty string. For the end of a message.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& known);

// "a, b, c"
std::string JoinNames(const std::vector<std::string>& names);

}  // namespace flowtrain
