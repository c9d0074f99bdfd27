// What is wrong with a text that is not YAML, said of its lines: a parser knows only where it could
// not go on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain::internal {

struct YamlFault {
  int line = 0, column = 0;  // from 0, bytes
  std::string what;
};

// The lines of a text in YAML. Keeps views of it.
class YamlLines {
 public:
  explicit YamlLines(std::string_view text);

  // The word at a place that YAML reads as no value: "~", "null", "Null" or "NULL"; empty for any
  // other text.
  std::string NullAt(int line, int column) const;

  // Whether the quote that begins at a place has no end: yaml-cpp takes all the rest of such a file
  // for its text.
  bool IsOpenQuote(int line, int column) const;

  // A line before the first value that begins with '%', which YAML takes for an instruction.
  std::optional<YamlFault> FindDirective() const;

  // The parser stopped after one document, and there is more.
  YamlFault SecondDocument() const;

  // The parser stopped at a place with this message.
  YamlFault Explain(int line, int column, const std::string& message) const;

 private:
  std::string_view Line(int line) const;
  bool IsBlank(int line) const;
  int IndentOf(int line) const;
  // The last line above with anything but a comment; -1: none.
  int LineAbove(int line) const;
  YamlFault ExplainMapValue(int line, int column) const;
  YamlFault WrongIndentation(int line) const;

  std::string_view text_;
  std::vector<std::string_view> lines_;
};

}  // namespace flowtrain::internal
