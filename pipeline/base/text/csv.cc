#include "pipeline/base/text/csv.h"

#include <utility>

namespace flowtrain {

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

bool TakeCsvRecord(std::string_view* rest, size_t* line, CsvRecord* record) {
  if (rest->empty()) return false;
  *record = {*line, std::vector<std::string>(1), false, false};
  bool quoted = false;
  size_t i = 0;
  for (; i < rest->size() && !record->whole; ++i) {
    const char c = (*rest)[i];
    if (c == '\n') ++*line;
    if (quoted && c == '"' && rest->substr(i + 1, 1) == "\"") {
      record->fields.back() += (*rest)[i++];
    } else if (c == '"' && (quoted || record->fields.back().empty())) {
      quoted = !quoted;  // within a field it is a character like others
    } else if (!quoted && c == ',') {
      record->fields.emplace_back();
    } else if (!quoted && c == '\n') {
      record->whole = true;
    } else if (quoted || c != '\r') {
      record->fields.back() += c;
    }
  }
  record->quoted = quoted;
  rest->remove_prefix(i);
  return true;
}

std::vector<std::vector<std::string>> ReadCsv(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  CsvRecord record;
  size_t line = 1;
  while (TakeCsvRecord(&text, &line, &record)) {
    if (record.whole) records.push_back(std::move(record.fields));
  }
  return records;
}

}  // namespace flowtrain
