// Columns of text that line up, for terminals.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

class TextTable {
 public:
  // Cells of one row; a row may be shorter than others.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // Each row on a line of its own after `indent`, columns two spaces apart, no spaces at line ends.
  std::string ToString(const std::string& indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace flowtrain
