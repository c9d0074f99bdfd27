// The words of a Netpbm header.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace flowtrain {

// Reads words that spaces separate, and leaves out comments, which go from a # to the line's end.
class TextHeader {
 public:
  explicit TextHeader(std::span<const uint8_t> file)
      : text_(reinterpret_cast<const char*>(file.data()), file.size()), whole_(text_.size()) {}

  std::string_view Word() {
    SkipSpaces();
    const std::string_view word = text_.substr(0, text_.find_first_of(" \t\n\v\f\r#"));
    text_.remove_prefix(word.size());
    return word;
  }
  // The next word as a number; -1 for what is none. One that is too large stops growing.
  int64_t Number() {
    constexpr int64_t kLarge = int64_t{1} << 40;
    const std::string_view word = Word();
    if (word.empty()) return -1;
    int64_t number = 0;
    for (const char c : word) {
      if (c < '0' || c > '9') return -1;
      number = std::min(kLarge, number * 10 + (c - '0'));
    }
    return number;
  }
  // The next bit of a plain bitmap, whose bits need no spaces between them; -1 for what is none.
  int Bit() {
    SkipSpaces();
    if (text_.empty() || (text_.front() != '0' && text_.front() != '1')) return -1;
    const int bit = text_.front() - '0';
    text_.remove_prefix(1);
    return bit;
  }
  // Leaves out the comment that may follow the last word, and the one space that ends the header.
  void End() {
    if (!text_.empty() && text_.front() == '#') SkipLine();
    text_.remove_prefix(std::min(size_t{1}, text_.size()));
  }
  // Leaves out what is left of the line, with its end.
  void EndLine() {
    SkipLine();
    text_.remove_prefix(std::min(text_.size(), text_.starts_with("\r\n") ? size_t{2} : size_t{1}));
  }
  bool AtEnd() {
    SkipSpaces();
    return text_.empty();
  }
  size_t position() const { return whole_ - text_.size(); }

 private:
  void SkipLine() { text_.remove_prefix(std::min(text_.find_first_of("\r\n"), text_.size())); }
  void SkipSpaces() {
    for (;;) {
      text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n\v\f\r"), text_.size()));
      if (text_.empty() || text_.front() != '#') return;
      SkipLine();
    }
  }

  std::string_view text_;
  size_t whole_;
};

}  // namespace flowtrain
