#include "tools/schema/markdown.h"

namespace flowtrain::internal {
namespace {

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    row += ' ';
    for (const char c : cell) {
      if (c == '|') row += '\\';
      row += c;
    }
    row += " |";
  }
  return row + '\n';
}

}  // namespace

std::string Code(const std::string& text) { return text.empty() ? "" : '`' + text + '`'; }

MarkdownTable::MarkdownTable(const std::vector<std::string>& heading)
    : heading_(Row(heading) + Row(std::vector<std::string>(heading.size(), "---"))) {}

void MarkdownTable::Add(const std::vector<std::string>& cells) { rows_ += Row(cells); }

std::string MarkdownTable::ToString() const { return rows_.empty() ? "" : '\n' + heading_ + rows_; }

}  // namespace flowtrain::internal
