#include "nodes/web/md5.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace flowtrain {
namespace {

// RFC 1321, 3.4: T[i] is the integer part of 2^32 |sin(i + 1)|.
const std::array<uint32_t, 64>& Sines() {
  static const auto sines = [] {
    std::array<uint32_t, 64> table{};
    for (size_t i = 0; i < table.size(); ++i) {
      table[i] = static_cast<uint32_t>(
          std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
    }
    return table;
  }();
  return sines;
}

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

}  // namespace

void Md5::Block(const uint8_t* bytes) {
  std::array<uint32_t, 16> words{};
  std::memcpy(words.data(), bytes, 64);  // little-endian, as x86-64 is
  auto [a, b, c, d] = state_;
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t mix = 0, word = 0;
    switch (i / 16) {
      case 0:
        mix = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mix = (d & b) | (~d & c);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mix = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mix = c ^ (b | ~d);
        word = (7 * i) % 16;
    }
    mix += a + Sines()[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(mix, kShifts[i / 16][i % 4]);
  }
  state_ = {state_[0] + a, state_[1] + b, state_[2] + c, state_[3] + d};
}

void Md5::Append(const void* bytes, size_t size) {
  const auto* from = static_cast<const uint8_t*>(bytes);
  while (size > 0) {
    const size_t filled = size_ % 64;
    if (filled == 0 && size >= 64) {
      Block(from);
      size_ += 64, from += 64, size -= 64;
      continue;
    }
    const size_t part = std::min(size, 64 - filled);
    std::memcpy(block_.data() + filled, from, part);
    size_ += part, from += part, size -= part;
    if (size_ % 64 == 0) Block(block_.data());
  }
}

std::string Md5::Hex() {
  const uint64_t bits = size_ * 8;
  const uint8_t first = 0x80, zero = 0;
  Append(&first, 1);
  while (size_ % 64 != 56) Append(&zero, 1);
  Append(&bits, 8);
  std::string hex;
  for (const uint32_t word : state_) {
    for (int shift = 0; shift < 32; shift += 4) {
      // The lower byte first, in it the upper digit.
      hex += "0123456789abcdef"[(word >> (shift ^ 4)) & 15];
    }
  }
  return hex;
}

}  // namespace flowtrain
