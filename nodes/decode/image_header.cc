#include "nodes/decode/image_header.h"

#include <algorithm>
#include <string_view>

namespace flowtrain {
namespace {

using Size = std::optional<ImageSize>;

// Reads integers of either byte order; what lies outside of the file makes it `cut`.
class Reader {
 public:
  Reader(std::span<const uint8_t> file, bool little) : file_(file), little_(little) {}

  uint64_t Number(uint64_t offset, unsigned bytes) {
    if (offset > file_.size() || file_.size() - offset < bytes) {
      cut_ = true;
      return 0;
    }
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      number = number << 8 | file_[offset + (little_ ? bytes - 1 - i : i)];
    }
    return number;
  }
  // A two's complement number, without its sign.
  int64_t Length(uint64_t offset) {
    const int64_t number = static_cast<int32_t>(Number(offset, 4));
    return number < 0 ? -number : number;
  }
  Size Found(int64_t height, int64_t width) const { return cut_ ? Size() : Size({height, width}); }
  bool cut() const { return cut_; }

 private:
  std::span<const uint8_t> file_;
  bool little_, cut_ = false;
};

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Size OfBmp(std::span<const uint8_t> file) {
  Reader header(file, true);
  constexpr uint64_t kOs2HeaderBytes = 12;
  if (header.Number(14, 4) == kOs2HeaderBytes) {
    const auto width = static_cast<int64_t>(header.Number(18, 2));
    return header.Found(static_cast<int64_t>(header.Number(20, 2)), width);
  }
  const int64_t width = header.Length(18), height = header.Length(22);  // below 0: top row first
  return header.Found(height, width);
}

// https://developers.google.com/speed/webp/docs/riff_container
Size OfWebp(std::span<const uint8_t> file) {
  Reader header(file, true);
  const std::string_view chunk = TextOf(file).substr(12, 4);
  if (chunk == "VP8X") {
    const auto width = static_cast<int64_t>(header.Number(24, 3));
    return header.Found(static_cast<int64_t>(header.Number(27, 3)) + 1, width + 1);
  }
  if (chunk == "VP8L") {
    const uint64_t sides = header.Number(21, 4);
    return header.Found(static_cast<int64_t>(sides >> 14 & 0x3FFF) + 1,
                        static_cast<int64_t>(sides & 0x3FFF) + 1);
  }
  if (chunk != "VP8 ") return {};
  const auto width = static_cast<int64_t>(header.Number(26, 2) & 0x3FFF);
  return header.Found(static_cast<int64_t>(header.Number(28, 2) & 0x3FFF), width);
}

// Both kinds: the classic one, and BigTIFF, whose offsets have 8 bytes.
Size OfTiff(std::span<const uint8_t> file, bool big) {
  constexpr uint64_t kWidthTag = 256, kHeightTag = 257, kShort = 3, kMostEntries = 65535;
  Reader header(file, file[0] == 'I');
  const uint64_t directory = header.Number(big ? 8 : 4, big ? 8 : 4);
  const uint64_t entries = std::min(kMostEntries, header.Number(directory, big ? 8 : 2));
  const uint64_t first = directory + (big ? 8 : 2), entry_bytes = big ? 20 : 12;
  int64_t height = 0, width = 0;
  for (uint64_t i = 0; i < entries && !header.cut(); ++i) {
    const uint64_t entry = first + i * entry_bytes;
    const uint64_t tag = header.Number(entry, 2);
    if (tag != kWidthTag && tag != kHeightTag) continue;
    const unsigned bytes = header.Number(entry + 2, 2) == kShort ? 2 : 4;
    int64_t& side = tag == kWidthTag ? width : height;
    // A tag that occurs twice counts as the larger.
    side = std::max(side, static_cast<int64_t>(header.Number(entry + (big ? 12 : 8), bytes)));
  }
  return header.Found(height, width);
}

// The codestream's SIZ segment, which is what decoders go by: ISO 15444-1, A.5.1.
Size OfJpeg2000(std::span<const uint8_t> file) {
  const size_t at = TextOf(file).find("\xFF\x4F\xFF\x51");
  if (at == std::string_view::npos) return {};
  Reader header(file, false);
  const auto side = [&](uint64_t end, uint64_t begin) {
    return static_cast<int64_t>(header.Number(at + end, 4)) -
           static_cast<int64_t>(header.Number(at + begin, 4));
  };
  const int64_t width = side(8, 16), height = side(12, 20);
  return header.Found(std::max<int64_t>(height, 0), std::max<int64_t>(width, 0));
}

Size OfSunRaster(std::span<const uint8_t> file) {
  Reader header(file, false);
  const int64_t width = header.Length(4), height = header.Length(8);
  return header.Found(height, width);
}

// Words of a text header, without its comments.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::string_view Next() {
    constexpr std::string_view kSpaces = " \t\n\v\f\r";
    for (;;) {
      text_.remove_prefix(std::min(text_.find_first_not_of(kSpaces), text_.size()));
      if (text_.empty() || text_.front() != '#') break;
      text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
    }
    const std::string_view word = text_.substr(0, text_.find_first_of(" \t\n\v\f\r#"));
    text_.remove_prefix(word.size());
    return word;
  }
  // -1 for what is not a number; one that is too large stops growing.
  int64_t NextNumber() {
    constexpr int64_t kLarge = int64_t{1} << 40;
    const std::string_view word = Next();
    if (word.empty()) return -1;
    int64_t number = 0;
    for (const char c : word) {
      if (c < '0' || c > '9') return -1;
      number = std::min(kLarge, number * 10 + (c - '0'));
    }
    return number;
  }

 private:
  std::string_view text_;
};

Size OfPnm(std::string_view file) {
  Words words(file.substr(2));
  const int64_t width = words.NextNumber(), height = words.NextNumber();
  return width < 0 || height < 0 ? Size() : Size({height, width});
}

Size OfPam(std::string_view file) {
  constexpr size_t kMostHeaderBytes = 65536;
  Words words(file.substr(2, kMostHeaderBytes));
  int64_t height = -1, width = -1;
  for (std::string_view word = words.Next(); word != "ENDHDR"; word = words.Next()) {
    if (word.empty()) return {};
    if (word == "WIDTH") width = std::max(width, words.NextNumber());
    if (word == "HEIGHT") height = std::max(height, words.NextNumber());
  }
  return width < 0 || height < 0 ? Size() : Size({height, width});
}

}  // namespace

std::optional<ImageSize> ReadImageSize(std::span<const uint8_t> file) {
  using namespace std::string_view_literals;
  const std::string_view text = TextOf(file);
  const auto begins = [text](std::string_view magic) {
    return text.substr(0, magic.size()) == magic;
  };
  if (begins("BM")) return OfBmp(file);
  if (begins("RIFF") && text.size() >= 16 && text.substr(8, 4) == "WEBP") return OfWebp(file);
  if (begins("II*\0"sv) || begins("MM\0*"sv)) return OfTiff(file, false);
  if (begins("II+\0"sv) || begins("MM\0+"sv)) return OfTiff(file, true);
  if (begins("\0\0\0\x0CjP  "sv) || begins("\xFF\x4F\xFF\x51")) return OfJpeg2000(file);
  if (begins("\x59\xA6\x6A\x95")) return OfSunRaster(file);
  if (text.size() < 3 || text[0] != 'P') return {};
  if (text[1] == '7') return OfPam(text);
  return text[1] >= '1' && text[1] <= '6' ? OfPnm(text) : Size();
}

}  // namespace flowtrain
