// Comma-separated values, as RFC 4180 defines them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// The text as a field: in quotes where it contains a comma, a quote or a line break.
std::string CsvField(std::string_view text);

// The fields of each record of a text. A record ends with a line break: one that a crash has cut
// short is left out.
std::vector<std::vector<std::string>> ReadCsv(std::string_view text);

}  // namespace flowtrain
