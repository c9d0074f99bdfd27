// Comma-separated values, as RFC 4180 defines them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// The text as a field: in quotes where it contains a comma, a quote or a line break.
std::string CsvField(std::string_view text);

struct CsvRecord {
  size_t line = 0;  // that it begins in, from 1
  std::vector<std::string> fields;
  bool whole = false;   // it ends with a line break
  bool quoted = false;  // the text ends within quotes
};

// Takes the first record off `rest`, which follows `line` - 1 lines; `line` becomes that of the next.
// False at the end of the text.
bool TakeCsvRecord(std::string_view* rest, size_t* line, CsvRecord* record);

// The fields of each record of a text. A record ends with a line break: one that a crash has cut
// short is left out.
std::vector<std::vector<std::string>> ReadCsv(std::string_view text);

}  // namespace flowtrain
