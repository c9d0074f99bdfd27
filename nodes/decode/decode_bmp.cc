#include "nodes/decode/decode_bmp.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "nodes/decode/bmp_header.h"
#include "nodes/decode/complaint.h"
#include "nodes/decode/eight_bits.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {
namespace {

using File = std::span<const uint8_t>;

// Where the image's row `y`, as they follow in the file, belongs.
size_t RowPlace(const BmpHeader& header, int64_t y) {
  const int64_t row = header.top_down ? y : header.height - 1 - y;
  return static_cast<size_t>(row * header.width) * kChannels;
}

// Looks the colours up. False: one is not in the palette.
bool FromPalette(const BmpHeader& header, const uint8_t* indices, uint8_t* rgb) {
  int most = 0;
  for (int64_t x = 0; x < header.width; ++x, rgb += kChannels) {
    const int index = indices[x];
    most = std::max(most, index);
    std::copy_n(header.palette.data() + kChannels * static_cast<size_t>(index), kChannels, rgb);
  }
  return most < header.colours;
}

void Indices(const uint8_t* packed, int bits, int64_t width, uint8_t* indices) {
  const int a_byte = 8 / bits;
  const auto mask = static_cast<uint8_t>((1 << bits) - 1);
  for (int64_t x = 0; x < width; ++x) {
    const int shift = bits * (a_byte - 1 - static_cast<int>(x % a_byte));
    indices[x] = static_cast<uint8_t>(packed[x / a_byte] >> shift) & mask;
  }
}

// One colour of a pixel: where its bits are, and the byte that each value stands for.
struct Channel {
  explicit Channel(uint32_t mask)
      : shift(mask == 0 ? 0 : std::countr_zero(mask)), most(mask >> shift) {
    if (most > 0xFFFF) {  // no table of so many: the upper bits will do
      const int spare = std::bit_width(most) - 8;
      shift += spare;
      most >>= spare;
    }
  }
  uint8_t Of(uint32_t pixel) const {
    return most == 0 ? uint8_t{0} : EightBits(pixel >> shift & most, most);
  }
  int shift;
  uint32_t most;
};

void FromMasks(const BmpHeader& header, const uint8_t* packed, uint8_t* rgb) {
  const Channel channels[] = {Channel(header.masks[0]), Channel(header.masks[1]),
                              Channel(header.masks[2])};
  const int bytes = header.bits / 8;
  for (int64_t x = 0; x < header.width; ++x, packed += bytes) {
    uint32_t pixel = 0;
    for (int i = bytes - 1; i >= 0; --i) pixel = pixel << 8 | packed[i];
    for (const Channel& channel : channels) *rgb++ = channel.Of(pixel);
  }
}

bool DecodePlain(File file, const BmpHeader& header, uint8_t* rgb, std::string* why) {
  const auto bits = static_cast<size_t>(header.width * header.bits);
  const size_t row_bytes = (bits + 7) / 8, stride = (bits + 31) / 32 * 4;
  std::vector<uint8_t> indices(static_cast<size_t>(header.width));
  for (int64_t y = 0; y < header.height; ++y) {
    const size_t at = header.pixels_at + static_cast<size_t>(y) * stride;
    if (at > file.size() || file.size() - at < row_bytes) {
      return Refuse(why,
                    CutOff("BMP", static_cast<uint64_t>(y), static_cast<uint64_t>(header.height)));
    }
    const uint8_t* packed = file.data() + at;
    uint8_t* row = rgb + RowPlace(header, y);
    if (header.bits > 8) {
      FromMasks(header, packed, row);
      continue;
    }
    Indices(packed, header.bits, header.width, indices.data());
    if (!FromPalette(header, indices.data(), row)) {
      return Refuse(why, Damaged("BMP", "a colour is not in its palette"));
    }
  }
  return true;
}

// Expands the run-length codes of a palette image to one index a pixel. Pixels that the codes skip
// have the first colour; pixels behind their end are missing.
class RunLengths {
 public:
  RunLengths(File file, const BmpHeader& header)
      : in_(file.subspan(std::min(file.size(), header.pixels_at))),
        height_(header.height),
        width_(header.width),
        four_bits_(header.coding == BmpCoding::kRle4),
        indices_(static_cast<size_t>(header.height * header.width)) {}

  // False: the codes end before the image does.
  bool Expand() {
    while (y_ < height_) {
      const std::optional<uint8_t> count = Next(), value = Next();
      if (!value) return IsWhole();
      if (*count > 0) {
        for (int i = 0; i < *count; ++i) Put(*value, i);
      } else if (*value == kEndOfLine) {
        x_ = 0;
        ++y_;
      } else if (*value == kEndOfImage) {
        return IsWhole();
      } else if (*value == kDelta) {
        const std::optional<uint8_t> right = Next(), down = Next();
        if (!down) return false;
        x_ += *right;
        y_ += *down;
      } else if (!Literal(*value)) {
        return false;
      }
    }
    return true;
  }
  int64_t rows() const { return y_; }
  const uint8_t* Row(int64_t y) const { return indices_.data() + y * width_; }

 private:
  static constexpr uint8_t kEndOfLine = 0, kEndOfImage = 1, kDelta = 2;

  bool IsWhole() const { return x_ >= width_ && y_ == height_ - 1; }
  std::optional<uint8_t> Next() {
    if (at_ >= in_.size()) return {};
    return in_[at_++];
  }
  // Pixel `i` of a run: with 4 bits, the upper half of the byte for even ones.
  void Put(uint8_t value, int i) {
    if (four_bits_) value = i % 2 == 0 ? value >> 4 : value & 15;
    if (x_ < width_ && y_ < height_) indices_[static_cast<size_t>(y_ * width_ + x_)] = value;
    ++x_;
  }
  bool Literal(int count) {
    uint8_t value = 0;
    for (int i = 0; i < count; ++i) {
      if (!four_bits_ || i % 2 == 0) {
        const std::optional<uint8_t> next = Next();
        if (!next) return false;
        value = *next;
      }
      Put(value, i);
    }
    at_ += at_ % 2;  // codes begin at even places
    return true;
  }

  File in_;
  int64_t height_, width_;
  bool four_bits_;
  std::vector<uint8_t> indices_;
  size_t at_ = 0;
  int64_t x_ = 0, y_ = 0;
};

bool DecodeRunLengths(File file, const BmpHeader& header, uint8_t* rgb, std::string* why) {
  RunLengths codes(file, header);
  if (!codes.Expand()) {
    return Refuse(why, CutOff("BMP", static_cast<uint64_t>(codes.rows()),
                              static_cast<uint64_t>(header.height)));
  }
  for (int64_t y = 0; y < header.height; ++y) {
    if (!FromPalette(header, codes.Row(y), rgb + RowPlace(header, y))) {
      return Refuse(why, Damaged("BMP", "a colour is not in its palette"));
    }
  }
  return true;
}

}  // namespace

bool DecodeBmp(File file, int64_t max_pixels, RgbImage& out, std::string* why) {
  BmpHeader header;
  if (!ReadBmpHeader(file, header, why)) return false;
  if (TooLarge(header.height, header.width, max_pixels, why)) return false;
  uint8_t* rgb = out.Resize(static_cast<int>(header.height), static_cast<int>(header.width)).data();
  return header.coding == BmpCoding::kPlain ? DecodePlain(file, header, rgb, why)
                                            : DecodeRunLengths(file, header, rgb, why);
}

}  // namespace flowtrain
