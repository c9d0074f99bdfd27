#include "pipeline/config/yaml_fault.h"

#include <algorithm>

#include "pipeline/config/scalars.h"

namespace flowtrain::internal {
namespace {

// The place of the ':' that ends a key; npos where there is none.
size_t EndOfKey(std::string_view line) {
  for (size_t at = line.find(':'); at != std::string_view::npos; at = line.find(':', at + 1)) {
    if (at + 1 == line.size() || line[at + 1] == ' ' || line[at + 1] == '\t') return at;
  }
  return std::string_view::npos;
}

}  // namespace

YamlLines::YamlLines(std::string_view text) : text_(text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines_.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view YamlLines::Line(int line) const {
  const bool is_there = line >= 0 && static_cast<size_t>(line) < lines_.size();
  return is_there ? lines_[static_cast<size_t>(line)] : std::string_view();
}

bool YamlLines::IsBlank(int line) const {
  const size_t first = Line(line).find_first_not_of(" \t");
  return first == std::string_view::npos || Line(line)[first] == '#';
}

int YamlLines::IndentOf(int line) const {
  return static_cast<int>(std::min(Line(line).find_first_not_of(' '), Line(line).size()));
}

int YamlLines::LineAbove(int line) const {
  int above = line - 1;
  while (above >= 0 && IsBlank(above)) --above;
  return above;
}

std::string YamlLines::NullAt(int line, int column) const {
  if (line < 0 || column < 0 || static_cast<size_t>(column) > Line(line).size()) return {};
  const std::string_view rest = Line(line).substr(static_cast<size_t>(column));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t,]}"));
  return IsNullWord(word) ? std::string(word) : std::string();
}

bool YamlLines::IsOpenQuote(int line, int column) const {
  if (static_cast<size_t>(column) >= Line(line).size()) return false;
  const char quote = Line(line)[static_cast<size_t>(column)];
  if (quote != '"' && quote != '\'') return false;  // a block of text: | or >
  const auto begin = static_cast<size_t>(Line(line).data() - text_.data() + column);
  for (size_t at = begin + 1; at < text_.size(); ++at) {
    const bool doubled = quote == '\'' && text_.substr(at, 2) == "''";
    const bool escaped = quote == '"' && text_[at] == '\\';
    if (doubled || escaped) {
      ++at;
    } else if (text_[at] == quote) {
      return false;
    }
  }
  return true;
}

std::optional<YamlFault> YamlLines::FindDirective() const {
  for (int line = 0; static_cast<size_t>(line) < lines_.size(); ++line) {
    if (Line(line).starts_with("%YAML") || Line(line).starts_with("%TAG")) {
      return YamlFault{line, 0, "a YAML directive has no effect here: leave this line out"};
    }
    if (Line(line).starts_with('%')) {
      return YamlFault{line, 0, "'%' cannot begin a line: put the text in quotes"};
    }
    if (!IsBlank(line)) break;
  }
  return std::nullopt;
}

YamlFault YamlLines::SecondDocument() const {
  int first = 0;
  while (static_cast<size_t>(first) < lines_.size() && IsBlank(first)) ++first;
  for (int line = first + 1; static_cast<size_t>(line) < lines_.size(); ++line) {
    if (Line(line).starts_with("---")) {
      return {line, 0, "a second YAML document begins here: a file holds one"};
    }
    if (!IsBlank(line) && IndentOf(line) < IndentOf(first)) return WrongIndentation(line);
  }
  return {first, 0, "holds more than one YAML document"};
}

YamlFault YamlLines::Explain(int line, int column, const std::string& message) const {
  const std::string_view text = Line(line);
  const size_t tab = text.find('\t');
  if (tab != std::string_view::npos && tab < text.find_first_not_of(" \t")) {
    return {line, static_cast<int>(tab),
            "a tab in the indentation: YAML takes spaces alone, put spaces in its place"};
  }
  if (message == "illegal map value") return ExplainMapValue(line, column);
  if (message == "end of map not found" || message == "end of sequence not found") {
    return WrongIndentation(line);
  }
  if (message == "end of sequence flow not found") {
    return {line, column, "not valid YAML: this '[' is not closed with ']'"};
  }
  if (message == "end of map flow not found") {
    return {line, column, "not valid YAML: a '{' is not closed with '}'"};
  }
  if (message == "illegal EOF in scalar") {
    return {line, column, "not valid YAML: a quote is not closed"};
  }
  const bool is_there = column >= 0 && static_cast<size_t>(column) < text.size();
  if (message == "unknown token" && is_there) {
    return {line, column,
            std::string("not valid YAML: '") + text[static_cast<size_t>(column)] +
                "' cannot begin a value: put the value in quotes"};
  }
  return {line, column, "not valid YAML: " + message};
}

// A ':' where no key can end.
YamlFault YamlLines::ExplainMapValue(int line, int column) const {
  const size_t first = EndOfKey(Line(line));
  const bool is_first = first == static_cast<size_t>(column);
  const int above = LineAbove(line);
  if (!is_first || above < 0) {
    return {line, column, "not valid YAML: a second ': ' in this line: put the value in quotes"};
  }
  if (IndentOf(line) > IndentOf(above)) return WrongIndentation(line);
  return {above, IndentOf(above),
          "not valid YAML: this line is not 'key: value'; a space follows the ':'"};
}

YamlFault YamlLines::WrongIndentation(int line) const {
  const int above = LineAbove(line);
  std::string what =
      "wrong indentation: this line begins with " + std::to_string(IndentOf(line)) + " spaces";
  if (above >= 0) {
    what +=
        ", line " + std::to_string(above + 1) + " above it with " + std::to_string(IndentOf(above));
  }
  return {line, IndentOf(line), what + "; keys of one group begin in the same column"};
}

}  // namespace flowtrain::internal
