// Values of any depth as bytes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace flowtrain {

// `value` of 0 to `most` (at most 65535) as 0 to 255. Of 16 bits, the upper 8.
inline uint8_t EightBits(uint32_t value, uint32_t most) {
  if (most == 255) return static_cast<uint8_t>(value);
  if (most == 65535) return static_cast<uint8_t>(value >> 8);
  return static_cast<uint8_t>((value * 255 + most / 2) / most);
}

// The byte that each value of 0 to `most` stands for.
inline std::vector<uint8_t> ByteTable(uint32_t most) {
  std::vector<uint8_t> bytes(most + 1);
  for (uint32_t value = 0; value <= most; ++value) bytes[value] = EightBits(value, most);
  return bytes;
}

// Ink to light: `cmyk` of 255 is full ink (JPEG's are the other way round).
inline std::array<uint8_t, 3> CmykInkToRgb(const uint8_t* cmyk) {
  std::array<uint8_t, 3> rgb{};
  for (size_t i = 0; i < 3; ++i) {
    rgb[i] = static_cast<uint8_t>(((255 - cmyk[i]) * (255 - cmyk[3]) + 127) / 255);
  }
  return rgb;
}

}  // namespace flowtrain
