// Pieces of Markdown.
#pragma once

#include <string>
#include <vector>

namespace flowtrain::internal {

// `text` as code: in backticks. Empty for empty text.
std::string Code(const std::string& text);

class MarkdownTable {
 public:
  explicit MarkdownTable(const std::vector<std::string>& heading);
  void Add(const std::vector<std::string>& cells);
  // Empty for a table without rows.
  std::string ToString() const;

 private:
  std::string heading_, rows_;
};

}  // namespace flowtrain::internal
